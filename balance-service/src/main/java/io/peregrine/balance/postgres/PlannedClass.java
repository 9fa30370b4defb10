package io.peregrine.balance.postgres;

import io.peregrine.balance.smote.ClassSize;

/// The plan for one class.
///
/// @param neighbours SMOTE's k; null if none are searched
/// @param weight in the trainer's loss; null means 1
/// @param shares number of jobs that share the search
/// @param products multiply-adds of the search
public record PlannedClass(ClassSize size, Integer neighbours, Double weight, int shares, long products) {}
