/// What a run's charts look like. It knows neither framework nor database.
package io.peregrine.cluster.chart;
