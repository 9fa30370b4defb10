package io.peregrine.balance.smote;

/// Each image's nearest others within its class.
///
/// @param k neighbours of each image
/// @param nearest [n, k]: places in the class, nearest first, by (distance, place). The reference's column 0 is
///     dropped, whether it is the image itself or, among exact duplicates, another: then an image may be its own
///     neighbour
/// @param tiedRows images with two equal distances at or before rank k + 1, where the reference's order is
///     arbitrary
/// @param duplicates images of which the class has another with the same pixels
public record Neighbours(int k, int[] nearest, long tiedRows, long duplicates) {}
