/// Charts of a run. The package depends neither on the framework nor on the database.
package io.peregrine.cluster.chart;
