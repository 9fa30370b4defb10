package io.peregrine.balance.smote;

/// Each picture's nearest others within its class.
///
/// @param k neighbours of each picture
/// @param nearest [n, k]: places in the class, nearest first, by (distance, place). The reference's column 0 is
///     dropped, whether it is the picture itself or, among exact duplicates, another: then a picture may be its own
///     neighbour
/// @param tiedRows pictures with two equal distances at or before rank k + 1, where the reference's order is
///     arbitrary
/// @param duplicates pictures of which the class has another with the same pixels
public record Neighbours(int k, int[] nearest, long tiedRows, long duplicates) {}
