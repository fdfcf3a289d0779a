// SPDX-License-Identifier: GPL-2.0
// A type that holds references to its own kind
#include <gtest/gtest.h>

#include "counter_double.hpp"

namespace {

struct list_node {
    rs_refcount_t count;
    rs::ref<list_node> next; // of a type that is not complete yet
    static constexpr auto counter = &list_node::count;
    static inline int released = 0;
    static void release(list_node *node);
};

void list_node::release(list_node *node)
{
    released++;
    rs::ref<list_node>(std::move(node->next)).put();
}

TEST(a_list_of_references, is_released_from_its_head)
{
    list_node first, second;
    second.next = rs::ref<list_node>();
    auto head = rs::ref<list_node>::begin(first);
    first.next = rs::ref<list_node>::begin(second);
    std::move(head).put();
    EXPECT_EQ(list_node::released, 2);
}

} // namespace
