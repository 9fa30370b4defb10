/// Plans a balanced set and draws the recipes of its synthetic images, as imbalanced-learn does.
package io.peregrine.balance.smote;
