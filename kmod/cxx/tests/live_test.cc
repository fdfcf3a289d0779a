// SPDX-License-Identifier: GPL-2.0
// live<T> and trygets, on a sealed counter and on one of the RCU engine
#include <gtest/gtest.h>

#include "counter_double.hpp"

namespace {

using lines = std::vector<std::string>;

template <typename Count>
struct device {
    static inline int released = 0;
    static inline int confirmed = 0;
    long before = 0;
    Count count{};
    static constexpr auto counter = &device::count;
    static void release(device *) { released++; }
    static void confirm(device *d)
    {
        confirmed++;
        EXPECT_FALSE(rs::tryget_live(rs::kept_in_place{}, *d));
    }
};

template <typename Count>
class owner : public testing::Test {
  protected:
    using T = device<Count>;
    using live = rs::live<T>;

    void SetUp() override
    {
        T::released = 0;
        T::confirmed = 0;
        counter_double::init_error = 0;
        auto begun = live::begin(thing, rs_gfp_kernel());
        ASSERT_TRUE(begun);
        ASSERT_EQ(begun.error(), 0);
        mine = std::move(begun).take();
        counter_double::log().clear();
    }
    void TearDown() override
    {
        if (mine) {
            std::move(mine).kill();
        }
        live::finish(thing);
    }
    s64 references() const { return counter_double::references(*thing.count.data.count); }

    T thing;
    live mine;
};

using counts = testing::Types<rs_sealed_ref, rs_percpu_ref>;
TYPED_TEST_SUITE(owner, counts);

TYPED_TEST(owner, shares_references_that_hold_up_the_release)
{
    auto request = this->mine.share();
    EXPECT_EQ(this->references(), 2);
    EXPECT_TRUE(std::move(this->mine).kill());
    EXPECT_EQ(TestFixture::T::released, 0);
    std::move(request).put();
    EXPECT_EQ(TestFixture::T::released, 1);
}

TYPED_TEST(owner, kills_once)
{
    EXPECT_TRUE(std::move(this->mine).kill());
    // NOLINTNEXTLINE(bugprone-use-after-move): what is tested
    EXPECT_FALSE(std::move(this->mine).kill());
    EXPECT_FALSE(std::move(this->mine).template kill_and_confirm<TestFixture::T::confirm>());
    EXPECT_EQ(counter_double::log(), (lines{"kill", "misuse: kill", "misuse: kill_and_confirm"}));
    EXPECT_EQ(TestFixture::T::released, 1);
    EXPECT_EQ(TestFixture::T::confirmed, 0);
}

TYPED_TEST(owner, whose_right_was_moved_shares_and_hands_over_nothing)
{
    auto other = std::move(this->mine);
    // NOLINTBEGIN(bugprone-use-after-move): what is tested
    EXPECT_FALSE(this->mine.share());
    EXPECT_EQ(std::move(this->mine).release_to_c(), nullptr);
    // NOLINTEND(bugprone-use-after-move)
    EXPECT_EQ(counter_double::log(), (lines{"misuse: share", "misuse: release_to_c"}));
    EXPECT_EQ(this->references(), 1);
}

TYPED_TEST(owner, hears_that_c_was_first)
{
    EXPECT_TRUE(TestFixture::live::from_c(&this->thing).kill());
    EXPECT_FALSE(std::move(this->mine).kill());
    EXPECT_EQ(TestFixture::T::released, 1);
}

TYPED_TEST(owner, kills_at_the_end_of_its_scope)
{
    {
        auto scoped = std::move(this->mine);
    }
    EXPECT_EQ(TestFixture::T::released, 1);
}

TYPED_TEST(owner, that_is_assigned_another_kills_the_one_before)
{
    typename TestFixture::T other;
    this->mine = TestFixture::live::begin(other, rs_gfp_kernel()).take();
    EXPECT_EQ(TestFixture::T::released, 1);
    EXPECT_EQ(&*this->mine, &other);
    std::move(this->mine).kill();
    TestFixture::live::finish(other);
}

TYPED_TEST(owner, hears_of_the_confirmation_with_the_object)
{
    EXPECT_TRUE(std::move(this->mine).template kill_and_confirm<TestFixture::T::confirm>());
    EXPECT_EQ(TestFixture::T::confirmed, 1);
    EXPECT_EQ(TestFixture::T::released, 1);
}

TYPED_TEST(owner, goes_to_c_and_comes_back)
{
    auto *const c = std::move(this->mine).release_to_c();
    EXPECT_EQ(this->references(), 1);
    this->mine = TestFixture::live::from_c(c);
    EXPECT_EQ(this->references(), 1);
    EXPECT_EQ(TestFixture::T::released, 0);
}

TYPED_TEST(owner, that_could_not_begin_says_why)
{
    typename TestFixture::T other;
    counter_double::init_error = -12;
    const auto begun = TestFixture::live::begin(other, rs_gfp_atomic(), RS_PERCPU_REF_ALLOW_REINIT);
    EXPECT_FALSE(begun);
    EXPECT_EQ(begun.error(), -12);
    EXPECT_EQ(counter_double::log(), (lines{"init flags=4"}));
}

TYPED_TEST(owner, gets_the_right_back_by_resurrection)
{
    auto request = this->mine.share();
    EXPECT_TRUE(std::move(this->mine).kill());
    this->mine = TestFixture::live::resurrect(this->thing).take();
    EXPECT_TRUE(rs::tryget_live(rs::kept_in_place{}, this->thing));
    EXPECT_EQ(this->references(), 2);
    EXPECT_EQ(TestFixture::live::reinit(this->thing).error(), -12);
}

TYPED_TEST(owner, tryget_succeeds_on_a_killed_counter_and_tryget_live_does_not)
{
    EXPECT_TRUE(rs::tryget_live(rs::kept_in_place{}, this->thing));
    auto request = this->mine.share();
    std::move(this->mine).kill();
    EXPECT_FALSE(rs::tryget_live(rs::kept_in_place{}, this->thing));
    EXPECT_TRUE(rs::tryget(rs::kept_in_place{}, this->thing));
    EXPECT_EQ(this->references(), 1);
    std::move(request).put();
    EXPECT_FALSE(rs::tryget(rs::kept_in_place{}, this->thing));
}

TYPED_TEST(owner, lookup_live_finds_only_the_living)
{
    using T = typename TestFixture::T;
    const auto find = [&]() -> T * { return &this->thing; };
    {
        auto answer = rs::lookup_live(rs::rcu_reader{}, find);
        ASSERT_TRUE(answer);
        const auto request = std::move(answer).take();
        EXPECT_EQ(this->references(), 2);
    }
    EXPECT_FALSE(rs::lookup_live(rs::rcu_reader{}, []() -> T * { return nullptr; }));
    auto request = this->mine.share();
    std::move(this->mine).kill();
    EXPECT_FALSE(rs::lookup_live(rs::rcu_reader{}, find));
}

TYPED_TEST(owner, lends_and_bundles)
{
    const auto lent = this->mine.borrow();
    {
        const auto many = rs::bundle<typename TestFixture::T>::take(lent, 300);
        EXPECT_EQ(this->references(), 301);
    }
    EXPECT_EQ(this->references(), 1);
}

using sealed = owner<rs_sealed_ref>;

TEST_F(sealed, counts_in_the_slot_until_that_is_sealed)
{
    auto &count = *thing.count.data.count;
    {
        const auto request = mine.share();
        EXPECT_EQ(count.slot, (s64{1} << 62) + 1);
        EXPECT_EQ(count.shared, 1);
        counter_double::seal(count);
        EXPECT_EQ(count.shared, 2);
    }
    EXPECT_EQ(count.shared, 1);
}

} // namespace
