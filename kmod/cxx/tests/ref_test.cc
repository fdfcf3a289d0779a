// SPDX-License-Identifier: GPL-2.0
// ref<T>, borrowed<T>, bundle<T> and lookups, on a kref and on a refcount
#include <gtest/gtest.h>

#include "counter_double.hpp"

namespace {

using lines = std::vector<std::string>;

template <typename Count>
struct object {
    static inline int released = 0;
    long before = 0;
    Count count;
    static constexpr auto counter = &object::count;

    /* A put under a lock releases with it held; release() unlocks. */
    static inline bool *held = nullptr;
    static inline bool released_under_lock = false;
    static void release(object *)
    {
        released++;
        released_under_lock = held != nullptr && *held;
    }
};

unsigned int read(const rs_kref &count)
{
    return rs_kref_read(&count);
}
unsigned int read(const rs_refcount_t &count)
{
    return rs_refcount_read(&count);
}

template <typename Count>
class reference : public testing::Test {
  protected:
    using T = object<Count>;
    using ref = rs::ref<T>;

    void SetUp() override
    {
        T::released = 0;
        T::held = nullptr;
        counter_double::log().clear();
    }
    unsigned int count() const { return read(thing.count); }

    T thing;
};

using counts = testing::Types<rs_kref, rs_refcount_t>;
TYPED_TEST_SUITE(reference, counts);

TYPED_TEST(reference, is_as_large_as_a_pointer)
{
    EXPECT_EQ(sizeof(typename TestFixture::ref), sizeof(void *));
    EXPECT_EQ(sizeof(rs::borrowed<typename TestFixture::T>), sizeof(void *));
}

TYPED_TEST(reference, the_last_one_to_go_out_of_scope_releases)
{
    {
        auto first = TestFixture::ref::begin(this->thing);
        EXPECT_EQ(this->count(), 1U);
        {
            const auto second = first.share();
            EXPECT_EQ(this->count(), 2U);
            EXPECT_EQ(&*second, &this->thing);
        }
        EXPECT_EQ(this->count(), 1U);
        EXPECT_EQ(TestFixture::T::released, 0);
    }
    EXPECT_EQ(TestFixture::T::released, 1);
}

TYPED_TEST(reference, moving_takes_none_and_puts_none)
{
    auto first = TestFixture::ref::begin(this->thing);
    auto second = std::move(first);
    EXPECT_EQ(this->count(), 1U);
    EXPECT_FALSE(first); // NOLINT(bugprone-use-after-move): what is tested
    EXPECT_TRUE(second);
}

TYPED_TEST(reference, an_assignment_puts_what_was_held_before)
{
    typename TestFixture::T other;
    auto mine = TestFixture::ref::begin(this->thing);
    auto its = TestFixture::ref::begin(other);
    mine = std::move(its);
    EXPECT_EQ(TestFixture::T::released, 1);
    EXPECT_EQ(&*mine, &other);
    EXPECT_EQ(read(other.count), 1U);
}

TYPED_TEST(reference, assigned_to_itself_it_is_kept)
{
    auto mine = TestFixture::ref::begin(this->thing);
    auto &same = mine;
    mine = std::move(same);
    EXPECT_EQ(this->count(), 1U);
    EXPECT_TRUE(mine);
}

TYPED_TEST(reference, goes_to_c_and_comes_back_uncounted)
{
    auto mine = TestFixture::ref::begin(this->thing);
    auto *const c = std::move(mine).release_to_c();
    EXPECT_EQ(c, &this->thing);
    EXPECT_EQ(this->count(), 1U);
    TestFixture::ref::from_c(c).put();
    EXPECT_EQ(TestFixture::T::released, 1);
}

TYPED_TEST(reference, sharing_and_handing_over_what_is_not_held_is_refused)
{
    auto mine = TestFixture::ref::begin(this->thing);
    auto other = std::move(mine);
    // NOLINTBEGIN(bugprone-use-after-move): what is tested
    EXPECT_FALSE(mine.share());
    EXPECT_EQ(std::move(mine).release_to_c(), nullptr);
    std::move(mine).put();
    // NOLINTEND(bugprone-use-after-move)
    EXPECT_EQ(this->count(), 1U);
    EXPECT_EQ(counter_double::log(), (lines{"misuse: share", "misuse: release_to_c"}));
}

TYPED_TEST(reference, is_put_under_a_lock_that_release_finds_held)
{
    spinlock lock;
    mutex sleeping;
    TestFixture::T::held = &lock.held;
    auto first = TestFixture::ref::begin(this->thing);
    auto second = first.share();
    EXPECT_FALSE(std::move(first).put_lock(lock));
    EXPECT_FALSE(lock.held);
    EXPECT_TRUE(std::move(second).put_lock(lock));
    EXPECT_TRUE(TestFixture::T::released_under_lock);

    TestFixture::T::held = &sleeping.held;
    EXPECT_TRUE(TestFixture::ref::begin(this->thing).put_mutex(sleeping));
    EXPECT_TRUE(TestFixture::T::released_under_lock);
    EXPECT_EQ(TestFixture::T::released, 2);
}

TYPED_TEST(reference, put_under_a_lock_without_one_is_refused)
{
    spinlock lock;
    mutex sleeping;
    EXPECT_FALSE(typename TestFixture::ref().put_lock(lock));
    EXPECT_FALSE(typename TestFixture::ref().put_mutex(sleeping));
    EXPECT_EQ(counter_double::log(), (lines{"misuse: put_lock", "misuse: put_mutex"}));
}

TYPED_TEST(reference, lent_is_not_counted_until_it_is_shared)
{
    const auto mine = TestFixture::ref::begin(this->thing);
    const auto lent = mine.borrow();
    EXPECT_EQ(this->count(), 1U);
    EXPECT_EQ(&*lent, &this->thing);
    const auto other = lent.share();
    EXPECT_EQ(this->count(), 2U);
}

TYPED_TEST(reference, tryget_of_an_object_that_was_released_finds_nothing)
{
    TestFixture::ref::begin(this->thing).put();
    EXPECT_FALSE(rs::tryget(rs::kept_in_place{}, this->thing));
    EXPECT_EQ(this->count(), 0U);
    EXPECT_EQ(TestFixture::T::released, 1);
}

TYPED_TEST(reference, an_answer_that_is_not_taken_is_put)
{
    const auto mine = TestFixture::ref::begin(this->thing);
    {
        auto answer = rs::tryget(rs::kept_in_place{}, this->thing);
        EXPECT_TRUE(answer);
        EXPECT_EQ(this->count(), 2U);
    }
    EXPECT_EQ(this->count(), 1U);
    {
        const auto taken = rs::tryget(rs::kept_in_place{}, this->thing).take();
        EXPECT_EQ(this->count(), 2U);
    }
    EXPECT_EQ(this->count(), 1U);
}

TYPED_TEST(reference, a_lookup_under_rcu_counts_before_the_section_ends)
{
    using T = typename TestFixture::T;
    const auto mine = TestFixture::ref::begin(this->thing);
    auto answer = rs::lookup(rs::rcu_reader{}, [&]() -> T * {
        counter_double::log().push_back("found");
        return &this->thing;
    });
    EXPECT_TRUE(answer);
    EXPECT_EQ(this->count(), 2U);
    EXPECT_EQ(counter_double::log(), (lines{"rcu_read_lock", "found", "rcu_read_unlock"}));
}

TYPED_TEST(reference, a_lookup_under_a_lock_that_finds_nothing_says_so)
{
    using T = typename TestFixture::T;
    spinlock lock;
    {
        const rs::locked guard(lock);
        EXPECT_TRUE(lock.held);
        EXPECT_FALSE(rs::lookup(guard, []() -> T * { return nullptr; }));
    }
    EXPECT_FALSE(lock.held);
    mutex sleeping;
    {
        const rs::locked guard(sleeping);
        EXPECT_TRUE(sleeping.held);
    }
    EXPECT_FALSE(sleeping.held);
}

TYPED_TEST(reference, container_of_is_the_inverse_of_count_of)
{
    using T = typename TestFixture::T;
    EXPECT_EQ(rs::container_of<T>(rs::count_of(&this->thing)), &this->thing);
}

using bundle_test = reference<rs_refcount_t>;

TEST_F(bundle_test, many_references_are_one_operation_and_one_handle)
{
    const auto mine = ref::begin(thing);
    {
        const auto many = rs::bundle<T>::take(mine.borrow(), 5);
        EXPECT_EQ(many.size(), 5U);
        EXPECT_EQ(count(), 6U);
    }
    EXPECT_EQ(count(), 1U);
}

TEST_F(bundle_test, goes_to_c)
{
    auto mine = ref::begin(thing);
    auto many = rs::bundle<T>::take(mine.borrow(), 2);
    EXPECT_EQ(std::move(many).release_to_c(), &thing);
    EXPECT_EQ(count(), 3U);
    (void)std::move(mine).release_to_c();
    {
        const auto back = rs::bundle<T>::adopt(thing, 3);
    }
    EXPECT_EQ(T::released, 1);
}

TEST_F(bundle_test, misuse_of_a_count_saturates_it_through_a_handle_too)
{
    rs_refcount_set(&thing.count, 0);
    (void)ref::adopt(thing).share().release_to_c();
    EXPECT_EQ(counter_double::log().front(), "saturated: " + std::to_string(RS_REFCOUNT_ADD_UAF));
    EXPECT_EQ(T::released, 0);
}

struct shared_with_c {
    rs_kref kref;
    bool released;
};

void c_release(rs_kref *kref);

} // namespace

template <>
struct rs::counting<shared_with_c> {
    static constexpr auto counter = &shared_with_c::kref;
    static constexpr auto release = c_release;
};

namespace {

void c_release(rs_kref *kref)
{
    rs::container_of<shared_with_c>(kref)->released = true;
}

TEST(a_struct_of_c, is_counted_by_a_specialisation_and_released_by_the_function_of_c)
{
    shared_with_c thing{};
    auto mine = rs::ref<shared_with_c>::begin(thing);
    // A C function puts what C++ handed over.
    rs_kref_get(&thing.kref);
    EXPECT_EQ(rs_kref_put(&std::move(mine).release_to_c()->kref, c_release), 0);
    EXPECT_FALSE(thing.released);
    rs::ref<shared_with_c>::from_c(&thing).put();
    EXPECT_TRUE(thing.released);
}

TEST(reaching_through_a_reference_that_was_moved, faults)
{
    object<rs_kref> thing;
    auto mine = rs::ref<object<rs_kref>>::begin(thing);
    auto other = std::move(mine);
    // NOLINTNEXTLINE(bugprone-use-after-move): what is tested
    EXPECT_DEATH(mine->before = *const_cast<volatile long *>(&mine->before), "");
}

TEST(sharing_a_loan_of_a_reference_that_was_moved, faults)
{
    object<rs_kref> thing;
    auto mine = rs::ref<object<rs_kref>>::begin(thing);
    auto other = std::move(mine);
    // NOLINTNEXTLINE(bugprone-use-after-move): what is tested
    EXPECT_DEATH((void)mine.borrow().share().release_to_c(), "");
}

} // namespace
