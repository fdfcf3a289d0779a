/* SPDX-License-Identifier: GPL-2.0 */
/* Takes back the names of freestanding.hpp that are the includer's own. */
#undef BIT
#undef READ_ONCE
#undef likely
#undef unlikely
