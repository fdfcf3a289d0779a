// A pointer says nothing about who holds a reference: adopt(), from_c() or share() does.
// refused: error: conversion from .node\*. to non-scalar type .*rs::ref<node>. requested
#include "objects.hpp"
void use(node *n)
{
#ifdef RIGHT
    const rs::ref<node> mine = rs::ref<node>::from_c(n);
#else
    const rs::ref<node> mine = n;
#endif
}
