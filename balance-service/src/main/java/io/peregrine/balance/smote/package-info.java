/// Exact SMOTE that equals imbalanced-learn's bit for bit: plan class sizes, find the neighbours of each image in
/// its class, draw recipes, shuffle them into shards. Independent of frameworks: tests construct each class
/// directly.
package io.peregrine.balance.smote;
