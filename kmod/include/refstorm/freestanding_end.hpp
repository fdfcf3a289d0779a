/* SPDX-License-Identifier: GPL-2.0 */
/* Takes back the names of freestanding.hpp that belong to whoever includes ref.hpp. */
#undef BIT
#undef READ_ONCE
#undef likely
#undef unlikely
