/* SPDX-License-Identifier: GPL-2.0 */
/* The tracepoint of storms: the notes of storm_history.c, for tracefs, perf and bpftrace. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM refstorm

#if !defined(_REFSTORM_STORM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _REFSTORM_STORM_TRACE_H

#include <linux/tracepoint.h>

#include "storm_history.h"

/* Programs that read the event's format need the values of the enum. */
#define STORM_NOTE_VALUE(id, name) TRACE_DEFINE_ENUM(STORM_NOTE_##id);
STORM_NOTES(STORM_NOTE_VALUE)

#define STORM_NOTE_SYMBOL(id, name) { STORM_NOTE_##id, name },

TRACE_EVENT(refstorm_note,
	    TP_PROTO(u32 storm, const struct storm_note *note),
	    TP_ARGS(storm, note),
	    TP_STRUCT__entry(__field(u32, storm)
			     __field(u32, generation)
			     __field(u32, nr)
			     __field(u16, actor)
			     __field(u16, life)
			     __field(u8, slot)
			     __field(u8, what)
			     __field(u8, result)
	    ),
	    TP_fast_assign(__entry->storm = storm;
			   __entry->generation = note->generation;
			   __entry->nr = note->nr;
			   __entry->actor = note->actor;
			   __entry->life = note->life;
			   __entry->slot = note->slot;
			   __entry->what = note->what;
			   __entry->result = note->result;
	    ),
	    TP_printk("storm=%u slot=%u object=%u life=%u actor=%u event=%s nr=%u result=%u",
		      __entry->storm, __entry->slot, __entry->generation, __entry->life,
		      __entry->actor,
		      __print_symbolic(__entry->what,
				       STORM_NOTES(STORM_NOTE_SYMBOL) { -1, "" }),
		      __entry->nr, __entry->result)
);

#endif /* _REFSTORM_STORM_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE storm_trace
#include <trace/define_trace.h>
