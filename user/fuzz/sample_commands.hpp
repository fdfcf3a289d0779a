// SPDX-License-Identifier: GPL-2.0
/// \file
/// A part of the module's file `commands`, for unit tests and the fuzzer.
#pragma once

#include "storm_parameters.hpp"

namespace refstorm {

inline constexpr const char *sample_commands =
    "# file command key kind place needed instead default min max names help\n"
    "file=control command=\"oracle stop\" key=- kind=- place=- needed=- instead=- default=- min=- max=- "
    "names=- "
    "help=\"ends the comparison early\"\n"
    "file=control command=\"storm\" key=- kind=- place=- needed=- instead=- default=- min=- max=- names=- "
    "help=\"starts a storm and returns\"\n"
    "file=control command=\"storm\" key=provider kind=provider place=key needed=1 instead=0 default=- min=- "
    "max=- names=- help=\"one of the providers file\"\n"
    "file=control command=\"storm\" key=workers kind=number place=key needed=0 instead=0 default=- min=1 "
    "max=256 names=- help=\"contexts that get and put\"\n"
    "file=control command=\"storm\" key=killers kind=number place=key needed=0 instead=0 default=2 min=1 "
    "max=16 names=- help=\"threads that kill\"\n"
    "file=control command=\"storm\" key=bound_ms kind=number place=key needed=0 instead=0 default=2000 min=1 "
    "max=60000 names=- help=\"the bound\"\n"
    "file=control command=\"storm\" key=duty kind=number place=key needed=0 instead=0 default=100 min=1 "
    "max=100 names=- help=\"percent\"\n"
    "file=control command=\"storm\" key=contexts kind=several place=key needed=0 instead=0 default=pinned "
    "min=- max=- names=pinned,roaming,nice,realtime,softirq,hardirq help=\"where workers run\"\n"
    "file=control command=\"storm\" key=kill_contexts kind=several place=key needed=0 instead=0 default=task "
    "min=- max=- names=task,irqs_off,softirq,hardirq help=\"where kills happen\"\n"
    "file=control command=\"storm\" key=delay kind=number place=key needed=0 instead=0 default=0 min=0 "
    "max=1000 names=- help=\"per mille\"\n"
    "file=control command=\"storm\" key=steps kind=several place=key needed=0 instead=0 default=all min=- "
    "max=- names=acquire,acquire_live,get,get_many,put,put_many,tryget,check,drain,idle "
    "help=\"kinds of steps\"\n"
    "file=control command=\"storm\" key=lives kind=several place=key needed=0 instead=0 default=end min=- "
    "max=- names=end,reinit,resurrect help=\"what becomes of a killed counter\"\n"
    "file=control command=\"storm\" key=memory kind=choice place=key needed=0 instead=0 default=kept min=- "
    "max=- names=kept,freed help=\"what becomes of an object\"\n"
    "file=control command=\"storm\" key=switchers kind=number place=key needed=0 instead=0 default=0 min=0 "
    "max=16 names=- help=\"threads that switch\"\n"
    "file=control command=\"storm\" key=hotplug kind=number place=key needed=0 instead=0 default=0 min=0 "
    "max=1 names=- help=\"1: callbacks kill\"\n";

/// The parameters of storms in it.
inline const storm_parameters &sample_parameters()
{
    static const storm_parameters parsed =
        *storm_parameters::parse(*parse_table(sample_commands, "commands"));
    return parsed;
}

} // namespace refstorm
