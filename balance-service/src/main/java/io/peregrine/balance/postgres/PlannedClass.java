package io.peregrine.balance.postgres;

import io.peregrine.balance.smote.ClassSize;

/// What is planned for one class.
///
/// @param neighbours SMOTE's k; null where none are looked for
/// @param weight in the trainer's loss; null: 1
/// @param shares jobs that share the search
/// @param products multiply-adds of the search
public record PlannedClass(ClassSize size, Integer neighbours, Double weight, int shares, long products) {}
