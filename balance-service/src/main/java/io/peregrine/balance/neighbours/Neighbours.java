package io.peregrine.balance.neighbours;

/// The nearest neighbours of each image within its class.
///
/// @param k neighbours of each image
/// @param nearest [n, k]: positions in the class, nearest first, by (distance, position). Column 0 of the
///     reference is dropped, whether it is the image itself or, among exact duplicates, another one. In the
///     latter case an image may be its own neighbour
/// @param tiedRows images with two equal distances at or before rank k + 1, where the reference's order is
///     arbitrary
/// @param duplicates images that have an exact duplicate in the class
public record Neighbours(int k, int[] nearest, long tiedRows, long duplicates) {}
