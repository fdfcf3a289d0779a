/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ref.hpp - references as C++ values
 *
 *	ref<T>		one reference; put when it goes out of scope. Moved, never copied;
 *			share() takes another one
 *	found<T>	perhaps a reference: the answer of a tryget or a lookup, to be tested
 *	borrowed<T>	a reference that another handle or C holds, for the length of a scope
 *	bundle<T>	several references that are taken and put in one operation
 *	live<T>		the owner of a per-CPU count: the right to kill it, once
 *
 * ref_counter.hpp says what makes T countable, ref_guard.hpp what lookups need; refcount.h, kref.h,
 * sealed_ref.h and percpu_ref.h what each operation means. Context, locking and ordering are those
 * of the C function:
 *
 *	share(), take()			get	any context; ordering: none
 *	put(), the end of a scope	put	any that release() can stand; RELEASE, and ACQUIRE
 *						for release()
 *	put_lock(), put_mutex()		the same; without the lock, release() unlocks; the
 *						mutex may sleep
 *	tryget(), lookup()		tryget, get_unless_zero, inc_not_zero	any; on success
 *						ACQUIRE per CPU, else a control dependency
 *	tryget_live(), lookup_live()	tryget_live	any; ACQUIRE on success
 *	kill(), the end of live's scope	kill	any but NMI
 *	begin(), reinit(), finish()	init, reinit, exit	process, or as gfp says
 *
 * Handles add types to the C functions and no instruction: an operation of a handle that the
 * compiler knows to hold an object is C's inline function. A handle that may be empty, because it
 * lives in memory or was moved from on some paths, is tested where it is put, and nowhere else.
 * Threads do not share handles.
 *
 * Mistakes that the language cannot refuse are refused at run time: kill, release_to_c() and
 * share() of a handle that is empty warn and do nothing. An access through such a handle faults
 * at a null pointer. clang-tidy's bugprone-use-after-move finds both at build time.
 *
 * Needs C++20, no library, no kernel header and no global constructors; see docs/cxx.md.
 */
#pragma once

#include <refstorm/ref_counter.hpp>
#include <refstorm/ref_guard.hpp>

namespace rs {

template <typename T>
class ref;
template <typename T>
class live;
template <typename Handle>
class maybe;

/*
 * Tells the compiler that the address of an object is not null, so that it leaves out tests for
 * null. To be called before the object is counted: otherwise gcc carries a test into the code in
 * between. Without the builtin gcc forgets the address to be known when it inlines.
 */
template <typename T>
__always_inline T *not_null(T &object)
{
    T *const known = static_cast<T *>(__builtin_assume_aligned(&object, alignof(T)));
    if (known == nullptr) {
        __builtin_unreachable();
    }
    return known;
}

/*
 * The base of all handles: a pointer that one handle has at a time. Every function is inlined,
 * so that gcc predicts each branch as it does in C, and lays out the same code.
 */
template <typename T>
class handle {
  public:
    handle(const handle &) = delete;
    handle &operator=(const handle &) = delete;

    __always_inline explicit operator bool() const { return object_ != nullptr; }
    __always_inline T &operator*() const & { return *object_; }
    __always_inline T *operator->() const & { return object_; }
    T &operator*() && = delete; /* would outlive its reference */
    T *operator->() && = delete;

  protected:
    __always_inline constexpr handle() = default;
    __always_inline handle(handle &&other) noexcept : object_(other.leave()) {}
    __always_inline ~handle() = default;

    __always_inline explicit handle(T *object) : object_(object) {}

    __always_inline T *leave()
    {
        T *const object = object_;
        object_ = nullptr;
        return object;
    }

    /* Leaves the object that the handle holds; warns if it holds none. */
    __always_inline T *give(const char *what)
    {
        if (object_ == nullptr) {
            __rs_cxx_misuse(what);
        }
        return leave();
    }

    __always_inline bool holds(const char *what) const
    {
        if (object_ == nullptr) {
            __rs_cxx_misuse(what);
        }
        return object_ != nullptr;
    }

    /* mutable, or gcc keeps a const handle in memory */
    mutable T *object_ = nullptr;
};

/** class borrowed - a reference that another handle, or C, holds for longer than the scope */
template <typename T>
class borrowed {
  public:
    /** vouch() - for an object that C's caller holds a reference to */
    __always_inline static borrowed vouch(T &object) { return borrowed(not_null(object)); }

    borrowed(const borrowed &) = delete;
    borrowed &operator=(const borrowed &) = delete;

    [[nodiscard]] __always_inline ref<T> share() const
    {
        calls_of<T>::get(count_of(object_));
        return ref<T>(object_);
    }
    __always_inline T &operator*() const { return *object_; }
    __always_inline T *operator->() const { return object_; }

  private:
    friend class ref<T>;
    friend class live<T>;
    __always_inline explicit borrowed(T *object) : object_(object) {}
    T *object_;
};

/** class ref - a reference */
template <typename T>
class [[nodiscard]] ref : public handle<T> {
    static_assert(sizeof(T *) == sizeof(void *));

  public:
    __always_inline constexpr ref() = default;
    __always_inline ref(ref &&other) noexcept = default;
    __always_inline ref &operator=(ref &&other) noexcept
    {
        T *const taken = other.leave();
        drop(this->leave());
        this->object_ = taken;
        return *this;
    }
    __always_inline ~ref() { drop(this->object_); }

    /** begin() - the first reference of an object whose count no other code uses yet */
    __always_inline static ref begin(T &object) requires counted_in_one_word<T>
    {
        T *const begun = not_null(object);
        calls_of<T>::init(count_of(begun));
        return ref(begun);
    }

    /** adopt() - a reference that the caller holds becomes this handle's */
    __always_inline static ref adopt(T &object) { return ref(not_null(object)); }
    /** from_c() - the same for a pointer that C hands over; not null */
    [[gnu::nonnull]] __always_inline static ref from_c(T *object) { return adopt(*object); }
    /** release_to_c() - C has to put it from now on. Return: null if there was none */
    [[nodiscard]] __always_inline T *release_to_c() && { return this->give("release_to_c"); }

    /** share() - take another reference */
    [[nodiscard]] __always_inline ref share() const
    {
        if (!this->holds("share")) {
            return ref();
        }
        calls_of<T>::get(count_of(this->object_));
        return ref(this->object_);
    }

    /** borrow() - lend this one for a scope in which it is not moved */
    [[nodiscard]] __always_inline borrowed<T> borrow() const & { return borrowed<T>(this->object_); }
    [[nodiscard]] borrowed<T> borrow() && = delete; /* would outlive its reference */

    /** put() - now, rather than at the end of the scope */
    __always_inline void put() && { drop(this->leave()); }
    void put() & = delete;

    /**
     * put_lock(), put_mutex() - put; if it is the last, under the lock that lookups take
     *
     * Return: true if release() was called, which unlocks.
     */
    __always_inline bool put_lock(spinlock_t &lock) && requires counted_in_one_word<T>
    {
        T *const object = this->give("put_lock");
        if (object == nullptr) {
            return false;
        }
        return calls_of<T>::put_lock(count_of(object), released_by<T>(), &lock);
    }
    __always_inline bool put_mutex(struct mutex &lock) && requires counted_in_one_word<T>
    {
        T *const object = this->give("put_mutex");
        if (object == nullptr) {
            return false;
        }
        return calls_of<T>::put_mutex(count_of(object), released_by<T>(), &lock);
    }

  private:
    friend class borrowed<T>;
    friend class maybe<ref>;
    __always_inline explicit ref(T *object) : handle<T>(object) {}

    __always_inline static void drop(T *object)
    {
        static_assert(counted<T>, "rs::ref<T>: T names no counter and release, see ref_counter.hpp");
        if (object != nullptr) {
            calls_of<T>::put(count_of(object), released_by<T>());
        }
    }
};

/** class bundle - several references to one object */
template <counted_many T>
class [[nodiscard]] bundle : public handle<T> {
  public:
    __always_inline constexpr bundle() = default;
    __always_inline bundle(bundle &&other) noexcept = default;
    __always_inline ~bundle()
    {
        if (this->object_ != nullptr) {
            calls_of<T>::put_many(count_of(this->object_), nr_, released_by<T>());
        }
    }

    /** take() - @nr more references to what is held */
    __always_inline static bundle take(const borrowed<T> &held, u32 nr)
    {
        calls_of<T>::get_many(count_of(&*held), nr);
        return bundle(&*held, nr);
    }
    /** adopt() - @nr references that the caller holds become this handle's */
    __always_inline static bundle adopt(T &object, u32 nr) { return bundle(not_null(object), nr); }
    [[nodiscard]] __always_inline T *release_to_c() && { return this->give("release_to_c"); }
    __always_inline u32 size() const { return this->object_ != nullptr ? nr_ : 0; }

  private:
    friend class maybe<bundle>;
    __always_inline bundle(T *object, u32 nr) : handle<T>(object), nr_(nr) {}
    unsigned long nr_ = 0; /* no padding, which would be set to zero */
};

/** class maybe - a handle, or none; has to be tested before take() */
template <typename Handle>
class [[nodiscard]] maybe {
  public:
    __always_inline maybe() = default;
    __always_inline maybe(maybe &&other) noexcept = default;
    __always_inline ~maybe() = default;
    __always_inline maybe(Handle &&handle) noexcept : handle_(std::move(handle)) {}

    [[nodiscard]] __always_inline explicit operator bool() const { return static_cast<bool>(handle_); }
    [[nodiscard]] __always_inline Handle take() && { return std::move(handle_); }

    /* A handle of @object, and of what else it is made from, if it was counted. */
    template <typename T, typename... Rest>
    __always_inline static maybe of(T *object, bool counted, Rest... rest)
    {
        return counted ? maybe(Handle(object, rest...)) : maybe();
    }

  private:
    Handle handle_;
};

template <typename T>
using found = maybe<ref<T>>;

/** tryget() - a reference, unless there are none any more (a kref's get_unless_zero) */
template <counted T, keeper Guard>
[[nodiscard]] __always_inline found<T> tryget(const Guard &, T &object)
{
    T *const known = not_null(object);
    return found<T>::of(known, calls_of<T>::tryget(count_of(known)));
}

/** tryget_many() - @nr references, unless there are none any more */
template <counted_many T, keeper Guard>
[[nodiscard]] __always_inline maybe<bundle<T>> tryget_many(const Guard &, T &object, u32 nr)
{
    T *const known = not_null(object);
    return maybe<bundle<T>>::of(known, calls_of<T>::tryget_many(count_of(known), nr), nr);
}

/** tryget_live() - a reference, unless it was killed */
template <counted_per_cpu T, keeper Guard>
[[nodiscard]] __always_inline found<T> tryget_live(const Guard &, T &object)
{
    T *const known = not_null(object);
    return found<T>::of(known, calls_of<T>::tryget_live(count_of(known)));
}

/**
 * lookup() - find an object and take a reference in one step
 * @guard: what keeps objects in place that are found
 * @find: returns a pointer to one, or null; the pointer goes nowhere else
 */
template <keeper Guard, typename Find>
[[nodiscard]] __always_inline auto lookup(const Guard &guard, Find &&find)
{
    auto *const object = find();
    return object != nullptr ? tryget(guard, *object) : decltype(tryget(guard, *object))();
}

/** lookup_live() - find an object and take a reference unless it was killed, in one step */
template <keeper Guard, typename Find>
[[nodiscard]] __always_inline auto lookup_live(const Guard &guard, Find &&find)
{
    auto *const object = find();
    return object != nullptr ? tryget_live(guard, *object) : decltype(tryget_live(guard, *object))();
}

/** class begun - the owner of a counter, or why there is none */
template <typename T>
class [[nodiscard]] begun {
  public:
    __always_inline explicit begun(int error) : error_(error) {}
    __always_inline begun(live<T> &&owner) : owner_(std::move(owner)) {}
    __always_inline begun(begun &&other) noexcept = default;
    __always_inline ~begun() = default;

    [[nodiscard]] __always_inline explicit operator bool() const { return error_ == 0; }
    /** error() - as C has it: 0, -ENOMEM, -EINVAL ... */
    [[nodiscard]] __always_inline int error() const { return error_; }
    [[nodiscard]] __always_inline live<T> take() && { return std::move(owner_); }

  private:
    int error_ = 0;
    live<T> owner_;
};

/** class live - the right to kill a per-CPU count; kills it when it goes out of scope */
template <typename T>
class [[nodiscard]] live : public handle<T> {
  public:
    __always_inline constexpr live() = default;
    __always_inline live(live &&other) noexcept = default;
    __always_inline live &operator=(live &&other) noexcept
    {
        T *const taken = other.leave();
        end(this->leave(), nullptr);
        this->object_ = taken;
        return *this;
    }
    __always_inline ~live() { end(this->object_, nullptr); }

    /**
     * begin() - a counter that lives
     * @gfp: rs_gfp_kernel() or rs_gfp_atomic()
     * @flags: of enum rs_percpu_ref_init_flags but INIT_DEAD, whose right to kill comes by reinit()
     */
    __always_inline static begun<T> begin(T &object, gfp_t gfp, unsigned int flags = 0)
    {
        T *const known = not_null(object);
        return begun_if(known, calls_of<T>::init(count_of(known), released_by<T>(), flags, gfp));
    }
    /** resurrect(), reinit() - as C's; give a killed counter an owner again */
    __always_inline static begun<T> resurrect(T &object)
    {
        T *const known = not_null(object);
        return begun_if(known, calls_of<T>::resurrect(count_of(known)));
    }
    __always_inline static begun<T> reinit(T &object)
    {
        T *const known = not_null(object);
        return begun_if(known, calls_of<T>::reinit(count_of(known)));
    }
    /** finish() - C's exit, after release or from it */
    __always_inline static void finish(T &object) { calls_of<T>::exit(count_of(&object)); }

    /** adopt(), from_c() - C hands over the right to kill; release_to_c() gives it back */
    __always_inline static live adopt(T &object) { return live(not_null(object)); }
    [[gnu::nonnull]] __always_inline static live from_c(T *object) { return adopt(*object); }
    [[nodiscard]] __always_inline T *release_to_c() && { return this->give("release_to_c"); }

    /** share() - a reference; never fails, since the initial one is held */
    [[nodiscard]] __always_inline ref<T> share() const
    {
        if (!this->holds("share")) {
            return ref<T>();
        }
        return borrow().share();
    }
    [[nodiscard]] __always_inline borrowed<T> borrow() const & { return borrowed<T>(this->object_); }
    [[nodiscard]] borrowed<T> borrow() && = delete; /* would outlive its reference */

    /**
     * kill() - drop the initial reference; std::move(owner).kill()
     *
     * Return: true, or false if C killed it before.
     */
    __always_inline bool kill() && { return end(this->give("kill"), nullptr); }
    bool kill() & = delete; /* the right is used up: std::move(owner).kill() */

    /** kill_and_confirm() - the same; @confirm(object) once no tryget_live() succeeds any more */
    template <auto confirm>
    __always_inline bool kill_and_confirm() &&
    {
        return end(this->give("kill_and_confirm"), as_c_calls<T, confirm>());
    }
    template <auto confirm>
    bool kill_and_confirm() & = delete;

  private:
    __always_inline explicit live(T *object) : handle<T>(object) {}

    __always_inline static begun<T> begun_if(T *object, int error)
    {
        return error != 0 ? begun<T>(error) : begun<T>(live(object));
    }

    __always_inline static bool end(T *object, void (*confirm)(counter_type<T> *))
    {
        static_assert(counted_per_cpu<T>, "rs::live<T>: T has no per-CPU counter, see ref_counter.hpp");
        return object != nullptr && calls_of<T>::kill(count_of(object), confirm);
    }
};

} // namespace rs
