/// SMOTE, exact, and equal to imbalanced-learn's bit for bit: plan the class sizes, find each image's
/// neighbours in its class, draw recipes, shuffle them into shards. No framework: each class is a
/// constructor call away from a test.
package io.peregrine.balance.smote;
