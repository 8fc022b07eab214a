package io.ashlar.jmh.chart;

import java.util.List;

/**
 * The lines of one cell.
 *
 * @param title what stands above them; empty for nothing.
 * @param lines the contestants, from top to bottom.
 */
public record Panel(String title, List<Line> lines) {}
