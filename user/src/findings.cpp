// SPDX-License-Identifier: GPL-2.0
#include "explanation.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace refstorm {

namespace {

/// All moments of which a count is known, the last of them when all threads had ended.
std::vector<checkpoint> checkpoints(const violation &what)
{
    std::vector<checkpoint> all;
    for (const record &row : what.history)
        if (auto found = checkpoint_of(row, "", text_of(row, "event")))
            all.push_back(std::move(*found));
    if (what.account)
        if (auto found = checkpoint_of(*what.account, "settled_", "the end"))
            all.push_back(std::move(*found));
    return all;
}

bool counts_in_slots(std::string_view provider)
{
    return provider.find("percpu") != std::string_view::npos ||
           provider.find("sealed") != std::string_view::npos;
}

bool is_sealed(std::string_view provider)
{
    return provider.find("sealed") != std::string_view::npos;
}

/// How the slots of \p provider are collected, in a sentence.
std::string_view collection_of(std::string_view provider)
{
    if (provider.find("generic") != std::string_view::npos)
        return "each slot is to be sealed and read in one atomic operation, and the sums added to the word "
               "when all slots are sealed";
    if (is_sealed(provider))
        return "each CPU is to seal its slot in an interrupt, and the sums are to be added to the word only "
               "when the last CPU has done so";
    return "the counter is to say atomic first, then a grace period is to pass, then all slots are summed "
           "and "
           "added to the word together with the bias";
}

std::string direction(std::int64_t off)
{
    if (is_saturated(off))
        return "saturated, since misuse was seen,";
    return off < 0 ? fmt::format("{} too few", -off) : fmt::format("{} too many", off);
}

/// What lies between two checkpoints, as the step that the count went wrong in; \p same_from_then_on: it was
/// off by the same at all later ones.
std::string step_between(const violation &what, const checkpoint &from, const checkpoint &to,
                         bool same_from_then_on)
{
    const bool slots = counts_in_slots(what.provider);
    const bool less = to.off() < 0;
    // A kill in per-CPU mode begins the collection. An error that stays the same was made before that.
    if (from.event == "kill" && to.event == "killed")
        return from.mode != "percpu" || same_from_then_on
                   ? "the kill itself, which is to drop the owner's reference once"
                   : fmt::format("the kill, or the collection of the slots that it begins: {}",
                                 collection_of(what.provider));
    // Nothing was known between a right count in the slots and a wrong one amid the switch.
    if (slots && to.event == "killed" && from.mode == "percpu" && to.mode != "percpu")
        return fmt::format("what came before the kill in the slots, the kill, or the collection of the slots "
                           "that it begins: {}",
                           collection_of(what.provider));
    for (const std::string_view call : {"resurrected", "reinited"})
        if (to.event == call)
            return call == "reinited" ? "reinit" : "resurrect";
    if (!slots || from.mode.empty())
        return fmt::format("get, tryget and put: {}",
                           less ? "a get was not counted, or a put was counted twice"
                                : "a put was not counted, or a get was counted twice");
    // At the confirmation a count is known only if the slots were collected.
    if (from.mode != "atomic" && from.event != "confirm" && (to.mode == "atomic" || to.event == "confirm"))
        return fmt::format("the collection of the slots at the end of the switch to atomic mode: {}. {}",
                           collection_of(what.provider),
                           is_saturated(to.off()) ? "What was counted in a slot is missing"
                           : less
                               ? "Gets that were counted in a slot are missing"
                               : "Puts that were counted in a slot are missing, or a part was added twice");
    if (from.mode == "percpu" && to.mode == "percpu")
        return "get, tryget and put in per-CPU mode: what they do to a slot";
    if (to.mode == "percpu")
        return "the switch back to per-CPU mode";
    return "get, tryget and put in the shared word, after the switch to atomic mode";
}

/// "publish (83012.100 µs before)", with the violation's time.
std::string moment(const checkpoint &at, std::int64_t violated_ns)
{
    static const std::vector<std::pair<std::string_view, std::string_view>> names = {
        {"publish", "when the object was published"},
        {"kill", "right before the kill"},
        {"killed", "when kill had returned"},
        {"confirm", "at the confirmation"},
        {"drain", "when the workers were told to drain"},
        {"release", "at release()"},
        {"retire", "when the object was retired"},
        {"resurrect", "right before resurrect"},
        {"resurrected", "when resurrect had returned"},
        {"reinit", "right before reinit"},
        {"reinited", "when reinit had returned"},
        {"violation", "at the violation"},
        {"the end", "when all threads had ended"},
        {"end", "right before exit"},
    };
    const auto found =
        std::ranges::find(names, at.event, &std::pair<std::string_view, std::string_view>::first);
    std::string text =
        found == names.end() ? fmt::format("at the event {}", at.event) : std::string(found->second);
    if (at.event != "the end" && at.event != "violation" && at.time_ns != 0 && violated_ns >= at.time_ns)
        text += fmt::format(" ({} before)", length(violated_ns - at.time_ns));
    return text;
}

struct drift {
    std::int64_t off = 0;
    std::string sentence = {};
};

/// What a look proves: operations under way may hide an error as large as they are.
enum class proof { right, wrong, nothing };

proof proof_of(const checkpoint &at, std::int64_t off_in_the_end)
{
    if (at.off() != 0)
        return proof::wrong;
    const std::int64_t difference = at.count - at.should;
    // The error of the end would show, unless that is where a saturated count went.
    const bool could_hide =
        std::abs(difference - off_in_the_end) <= at.moving || is_saturated(off_in_the_end);
    return at.moving != 0 && could_hide ? proof::nothing : proof::right;
}

/// A look at the violation or after it.
bool is_late(const checkpoint &at)
{
    return at.event == "violation" || at.event == "the end" || at.event == "release";
}

std::optional<drift> drift_of(const violation &what)
{
    const auto all = checkpoints(what);
    if (all.empty())
        return std::nullopt;
    const std::int64_t off = all.back().off();
    const std::int64_t end = violated_at(what);
    if (off == 0)
        return drift{
            0, fmt::format("the count {} right: {} it was {}, as many as the ledgers and the owner hold",
                           is_late(all.back()) ? "itself is" : "was, when it could be read last,",
                           moment(all.back(), end), all.back().count)};
    // From the end back to the last look that proves the count right.
    std::size_t right = all.size();
    std::size_t wrong = all.size() - 1;
    for (std::size_t at = all.size() - 1; at-- > 0 && right == all.size();) {
        const proof found = proof_of(all[at], off);
        if (found == proof::right)
            right = at;
        else if (found == proof::wrong)
            wrong = at;
    }
    const checkpoint &to = all[wrong];
    std::string text;
    if (right == all.size()) {
        text = fmt::format(
            "the count is wrong from the first look on that proves something, {}: {} instead of {}; "
            "the history begins too late to say at which step",
            moment(to, end), count_words(to.count), to.should);
    } else {
        const bool same =
            wrong + 1 < all.size() && std::all_of(all.begin() + static_cast<std::ptrdiff_t>(wrong), all.end(),
                                                  [&](const checkpoint &at) { return at.off() == off; });
        text =
            fmt::format("the faulty step: {}. The count was right {} ({}), and {} {} ({} instead of {})",
                        step_between(what, all[right], to, same), moment(all[right], end), all[right].count,
                        direction(to.off()), moment(to, end), count_words(to.count), to.should);
    }
    return drift{off, std::move(text)};
}

/// The change before \p before on the same CPU, which is what called a callback.
const record *caller_of(const violation &what, const record &before)
{
    const record *found = nullptr;
    for (const record &row : what.history) {
        if (&row == &before)
            break;
        const std::string event = text_of(row, "event");
        if (text_of(row, "cpu") == text_of(before, "cpu") && number_or(row, "result", 1) != 0 &&
            event != "release" && event != "drain" && event != "publish")
            found = &row;
    }
    return found;
}

std::string release_words(const violation &what, const record &release)
{
    std::string text = fmt::format("release() was called on CPU {} in {}", text_of(release, "cpu"),
                                   text_of(release, "context"));
    const record *caller = caller_of(what, release);
    if (caller == nullptr)
        return text;
    const std::int64_t since = number_or(release, "time_ns", 0) - number_or(*caller, "time_ns", 0);
    const std::string event = text_of(*caller, "event");
    if (event == "confirm")
        return text +
               fmt::format(", {} after the confirmation there: by the end of the switch", length(since));
    if (event == "put")
        return text + fmt::format(", {} after a put of {} by {} there", length(since), text_of(*caller, "nr"),
                                  actor_words(*caller));
    if (event == "kill" || event == "killed")
        return text + fmt::format(", {} after kill there", length(since));
    return text + fmt::format(", {} after {} by {} there", length(since), event, actor_words(*caller));
}

void find_in_confirm_then_dead(const violation &what, const std::optional<drift> &off,
                               std::vector<std::string> &found)
{
    const record *confirm = last_event(what, "confirm");
    const record *success = nullptr;
    for (const record &row : what.history)
        if (text_of(row, "event") == "acquire_live" && text_of(row, "result") == "1" &&
            (confirm == nullptr || number_or(row, "time_ns", 0) >= number_or(*confirm, "time_ns", 0)))
            success = &row;
    std::string text = "tryget_live returned true";
    if (success != nullptr) {
        text += fmt::format(" to {} on CPU {}", actor_words(*success), text_of(*success, "cpu"));
        if (confirm != nullptr)
            text += fmt::format(", {} after the confirmation", length(number_or(*success, "time_ns", 0) -
                                                                      number_or(*confirm, "time_ns", 0)));
    }
    found.push_back(text);
    if (!what.account)
        return;
    const std::string dying = text_of(*what.account, "dying");
    const std::string mode = text_of(*what.account, "mode");
    if (dying == "0")
        found.emplace_back(
            "the faulty step: the kill, or what came after it: the counter does not say that it "
            "is dying");
    else if (off && off->off < 0)
        found.emplace_back(
            "the reference that tryget_live took is missing in the count, so tryget_live counted "
            "it in a slot, after the slots were collected");
    else if (mode == "atomic" || mode.empty())
        found.emplace_back(
            "the faulty step: tryget_live in the shared word. The counter is dying, and the "
            "reference was counted there: tryget_live does not look whether the counter is dying");
}

void find_in_early_release(const violation &what, const std::optional<drift> &off,
                           std::vector<std::string> &found)
{
    if (const record *release = last_event(what, "release")) {
        found.push_back(release_words(what, *release));
        const auto count = number_of(*release, "count");
        if (off && off->off == 0 && count.value_or(0) != 0)
            found.push_back(
                fmt::format("the faulty step: the call of release(). The counter counted {}, so who "
                            "called release() did not look for zero",
                            *count));
    }
}

void find_in_lost_count(const violation &what, const std::optional<drift> &off,
                        std::vector<std::string> &found)
{
    if (!what.account)
        return;
    const std::string mode = text_of(*what.account, "mode");
    if (mode == "switching") {
        const bool collected = text_of(*what.account, "whole") == "1";
        std::string text =
            fmt::format("the faulty step: {}. The switch that the kill began is not over",
                        collected ? "the end of the switch"
                                  : "the collection of the slots, which has not come to its end");
        if (const auto kill = number_of(*what.account, "kill_ns"))
            text += fmt::format(" {} after the kill", length(*kill));
        if (collected)
            text += ", though the slots were collected: the switch still holds its own reference";
        else
            text += fmt::format(": {}", collection_of(what.provider));
        found.push_back(text);
        return;
    }
    if (mode == "percpu") {
        found.emplace_back(
            "the faulty step: the kill. The counter is still, or again, in per-CPU mode, in which "
            "nobody looks for zero");
        return;
    }
    const auto count = number_of(*what.account, "count");
    if (off && off->off == 0 && count.value_or(1) == 0)
        found.emplace_back(
            "the faulty step: the last drop. The count is zero, as it should be, and neither the "
            "last put nor the end of the switch called release()");
}

void find_in_release_once(const violation &what, std::vector<std::string> &found)
{
    if (const record *release = last_event(what, "release"))
        found.push_back("first, " + release_words(what, *release));
    if (const record *again = last_event(what, "violation")) {
        std::string text = release_words(what, *again);
        found.push_back("then " + text);
    }
    const record *taken = nullptr;
    const record *release = last_event(what, "release");
    for (const record &row : what.history) {
        const std::string event = text_of(row, "event");
        if (release != nullptr && number_or(row, "time_ns", 0) > number_or(*release, "time_ns", 0) &&
            text_of(row, "result") == "1" &&
            (event == "acquire" || event == "acquire_live" || event == "get"))
            taken = taken == nullptr ? &row : taken;
    }
    if (taken != nullptr)
        found.push_back(
            fmt::format("the faulty step: {}, which took a reference of a counter at zero: {} on CPU "
                        "{}, after release()",
                        text_of(*taken, "event") == "acquire" ? "tryget" : text_of(*taken, "event"),
                        actor_words(*taken), text_of(*taken, "cpu")));
    else
        found.emplace_back("no reference was taken in between: if the count is right, two drops both took "
                           "themselves for the last (puts, or a put and the end of the switch)");
}

void find_in_payload(const violation &what, std::vector<std::string> &found)
{
    const record *release = last_event(what, "release");
    if (release == nullptr)
        return;
    found.push_back(release_words(what, *release));
    for (const record &row : what.history) {
        const std::string event = text_of(row, "event");
        if (number_or(row, "time_ns", 0) > number_or(*release, "time_ns", 0) &&
            text_of(row, "result") == "1" && (event == "acquire" || event == "acquire_live")) {
            found.push_back(fmt::format(
                "the faulty step: {}. It returned true to {} on CPU {}, after release()",
                event == "acquire" ? "tryget" : "tryget_live", actor_words(row), text_of(row, "cpu")));
            return;
        }
    }
}

/// The call whose outcome is not legal: the detail says what was seen, the history who did what before.
void find_in_mode(const violation &what, std::vector<std::string> &found)
{
    struct sign {
        std::string_view words; ///< of the detail
        std::string_view step;
    };
    static constexpr std::array signs = {
        sign{"second kill", "the second kill, which is to return false and change nothing"},
        sign{"only kill returned false", "the kill: it did not win though nobody else killed"},
        sign{"killed, but not dying", "the kill: it left the counter alive"},
        sign{"resurrected", "resurrect"},
        sign{"reinitialised", "reinit"},
        sign{"after switch_to_atomic", "switch_to_atomic: it returned before the switch was over"},
        sign{"ended alive", "exit of a counter that was alive"},
        sign{"released with a count", "the call of release(), or what changed the count after it"},
    };
    for (const sign &each : signs)
        if (what.detail.find(each.words) != std::string::npos)
            found.push_back(fmt::format("the faulty step: {}", each.step));
    const record *before = nullptr;
    for (const record &row : what.history)
        if (text_of(row, "event") == "violation")
            break;
        else if (!text_of(row, "mode").empty())
            before = &row;
    if (before != nullptr)
        found.push_back(fmt::format("the last event before was {} on CPU {}, after which the counter {}",
                                    text_of(*before, "event"), text_of(*before, "cpu"),
                                    state_clause(*before)));
}

/// CPUs whose slot of a sealed counter is open though the switch of the kill is over.
std::optional<std::string> open_slots(const violation &what)
{
    const std::string mode = what.account ? text_of(*what.account, "mode") : "";
    if (!is_sealed(what.provider) || (mode != "atomic" && mode != "switching") ||
        text_of(*what.account, "dying") != "1")
        return std::nullopt;
    std::vector<std::size_t> open;
    const std::string slots = text_of(*what.account, "slots");
    std::size_t cpu = 0;
    std::size_t from = 0;
    while (!slots.empty()) {
        const std::size_t to = std::min(slots.find(',', from), slots.size());
        if (to > from)
            open.push_back(cpu);
        ++cpu;
        if (to == slots.size())
            break;
        from = to + 1;
    }
    if (open.empty())
        return std::nullopt;
    if (mode == "switching")
        return fmt::format(
            "the slot of CPU {} is still open: what did not come to its end there is the sealing",
            fmt::join(open, ", "));
    return fmt::format(
        "the slot of CPU {} is open though the switch is over: that CPU did not seal it, or opened it "
        "again, and what it counts is in no sum",
        fmt::join(open, ", "));
}

/// Gets and puts of different CPUs that came close together may have met.
std::optional<std::string> meeting(const violation &what)
{
    const record *earlier = nullptr;
    const record *closest_a = nullptr;
    const record *closest_b = nullptr;
    std::int64_t closest = 20'000;
    for (const record &row : what.history) {
        const std::string event = text_of(row, "event");
        if (!text_of(row, "actor").starts_with("worker") || number_or(row, "result", 0) == 0 ||
            event.starts_with("switch"))
            continue;
        if (earlier != nullptr && text_of(*earlier, "cpu") != text_of(row, "cpu")) {
            const std::int64_t apart = number_or(row, "time_ns", 0) - number_or(*earlier, "time_ns", 0);
            if (apart < closest) {
                closest = apart;
                closest_a = earlier;
                closest_b = &row;
            }
        }
        earlier = &row;
    }
    if (closest_a == nullptr)
        return std::nullopt;
    return fmt::format("closest together were {} by {} on CPU {} and {} by {} on CPU {}: {} apart",
                       text_of(*closest_a, "event"), actor_words(*closest_a), text_of(*closest_a, "cpu"),
                       text_of(*closest_b, "event"), actor_words(*closest_b), text_of(*closest_b, "cpu"),
                       length(closest));
}

} // namespace

std::vector<std::string> findings(const violation &what)
{
    std::vector<std::string> found;
    const bool counts_matter = what.invariant != "saturation-sticks" && what.invariant != "context-kept" &&
                               what.invariant != "kernel-log-clean";
    const auto off = counts_matter ? drift_of(what) : std::nullopt;
    if (what.invariant == "confirm-then-dead")
        find_in_confirm_then_dead(what, off, found);
    else if (what.invariant == "no-early-release")
        find_in_early_release(what, off, found);
    else if (what.invariant == "no-lost-count")
        find_in_lost_count(what, off, found);
    else if (what.invariant == "release-once")
        find_in_release_once(what, found);
    else if (what.invariant == "payload-intact")
        find_in_payload(what, found);
    else if (what.invariant == "confirm-before-release")
        found.emplace_back(
            "the faulty step: the end of the switch. It is to call the confirmation before it drops "
            "its own reference, which keeps release() away");
    else if (what.invariant == "context-kept")
        found.emplace_back(
            "the faulty step: the kill. It returned with interrupts in another state than when it "
            "was called");
    else if (what.invariant == "mode-legal")
        find_in_mode(what, found);
    else if (what.invariant == "kernel-log-clean" && !what.detail.empty())
        found.push_back(fmt::format("the kernel's report names the place: {}", what.detail));
    else if (what.invariant == "saturation-sticks")
        found.emplace_back("the faulty step: a get, put or tryget of a saturated count, which is to leave it "
                           "saturated");
    if (const auto open = open_slots(what))
        found.push_back(*open);
    if (off)
        found.push_back(off->sentence);
    if (off && off->off != 0)
        if (const auto met = meeting(what); met && !counts_in_slots(what.provider))
            found.push_back(*met);
    return found;
}

} // namespace refstorm
