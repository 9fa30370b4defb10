package io.peregrine.charts;

/// A chart. [ChartFormat] renders it to a file.
public interface Chart {
    /// @return one sentence as text alternative
    String title();

    /// @return width in screen pixels, the unit of all lengths of a chart
    int width();

    int height();

    void draw(Pen pen);
}
