package io.peregrine.charts;

/// An image of data. It is drawn once; [ChartFormat] makes a file of it.
public interface Chart {
    /// @return one sentence for those who do not see it
    String title();

    /// @return in pixels of a screen, as all lengths here
    int width();

    int height();

    void draw(Pen pen);
}
