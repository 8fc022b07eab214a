package io.ashlar.jmh.chart;

import io.ashlar.jmh.result.Spread;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Draws a chart as SVG, 400 pixels wide, so that its text can be read on a narrow screen.
 *
 * <p>A bar ends, and a dot lies, at the median. A thin line with ends reaches from the first to the
 * third quartile. A bar that is too long for its scale is cut, which two slanted gaps show.
 */
public final class ChartSvg {

  private static final int WIDTH = 400;
  private static final int EDGE = 10;
  private static final int TITLE_HEIGHT = 24;
  private static final int NOTE_HEIGHT = 15;
  private static final int NOTE_LETTERS = 66;
  private static final int PANEL_GAP = 10;
  private static final int PANEL_HEIGHT = 20;
  private static final int LINE_HEIGHT = 20;
  private static final int BAR_HEIGHT = 12;
  private static final int AXIS_HEIGHT = 20;
  private static final int TICK_DISTANCE = 44;
  private static final int LABEL_GAP = 8;
  private static final double LETTER_WIDTH = 7.2;
  private static final int TEXT_WIDTH = 58;

  /** The largest share of the width that labels may take. */
  private static final int LABEL_WIDTH_MAX = 136;

  private final Chart chart;
  private final Svg svg = new Svg();
  private final double left;
  private final double right;

  private ChartSvg(Chart chart) {
    this.chart = chart;
    int letters = chart.lines().stream().mapToInt(line -> line.label().length()).max().orElse(0);
    left = EDGE + Math.min(LABEL_WIDTH_MAX, letters * LETTER_WIDTH) + LABEL_GAP;
    right = WIDTH - EDGE - TEXT_WIDTH * (chart.hasTails() ? 2 : 1);
  }

  /** Returns the chart as an element to be put into a page that has the {@link StyleSheet}. */
  public static String element(Chart chart) {
    ChartSvg drawing = new ChartSvg(chart);
    drawing.draw(false);
    return drawing.svg.toString();
  }

  /** Returns the chart as a file of its own, with its style. */
  public static String file(Chart chart) {
    ChartSvg drawing = new ChartSvg(chart);
    drawing.draw(true);
    return drawing.svg.toString();
  }

  private void draw(boolean alone) {
    List<String> notes = wrapped(notes());
    int top = EDGE + TITLE_HEIGHT + notes.size() * NOTE_HEIGHT;
    int lines = chart.lines().size();
    long titles = chart.panels().stream().filter(panel -> !panel.title().isEmpty()).count();
    long height =
        top
            + (long) chart.panels().size() * PANEL_GAP
            + titles * PANEL_HEIGHT
            + (long) lines * LINE_HEIGHT
            + (sharesScale() ? AXIS_HEIGHT : 0)
            + EDGE;
    List<Object> attributes =
        new ArrayList<>(
            List.of("class", "chart", "viewBox", "0 0 " + WIDTH + " " + height, "width", WIDTH));
    attributes.addAll(List.of("height", height, "role", "img", "aria-label", chart.title()));
    if (alone) {
      attributes.addAll(0, List.of("xmlns", "http://www.w3.org/2000/svg"));
    }
    svg.begin("svg", attributes.toArray());
    if (alone) {
      svg.text("title", chart.title());
      svg.raw("<style>\n" + StyleSheet.rules("svg.chart") + "</style>\n");
      svg.empty("rect", "class", "card", "width", WIDTH, "height", height, "rx", 8);
    }
    label(chart.title(), EDGE, EDGE + 12, "title");
    for (int i = 0; i < notes.size(); i++) {
      label(notes.get(i), EDGE, EDGE + TITLE_HEIGHT + 6 + i * NOTE_HEIGHT, "note");
    }
    panels(top);
    svg.end("svg");
  }

  private String notes() {
    String note = chart.note();
    if (chart.plot() == Chart.Plot.TIMES && chart.hasTails()) {
      note += " Dot: p50. Ring: p99.";
    }
    if (chart.hasSpread()) {
      note += " Thin lines: quartiles of the rounds.";
    }
    return note.strip();
  }

  private static List<String> wrapped(String text) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : text.split(" ", -1)) {
      if (!line.isEmpty() && line.length() + 1 + word.length() > NOTE_LETTERS) {
        lines.add(line.toString());
        line.setLength(0);
      }
      line.append(line.isEmpty() ? "" : " ").append(word);
    }
    if (!line.isEmpty()) {
      lines.add(line.toString());
    }
    return lines;
  }

  private boolean sharesScale() {
    return chart.plot() != Chart.Plot.BARS;
  }

  private Scale scale(List<Line> lines) {
    return switch (chart.plot()) {
      case BARS -> Scale.ofBars(lines);
      case RATIOS -> Scale.ofRatios(lines);
      case TIMES -> Scale.ofTimes(lines);
    };
  }

  private void panels(int start) {
    Scale shared = scale(chart.lines());
    int top = start;
    int gridTop = start + PANEL_GAP;
    if (sharesScale()) {
      int bottom = start + chart.panels().stream().mapToInt(ChartSvg::height).sum();
      axis(shared, gridTop, bottom);
    }
    for (Panel panel : chart.panels()) {
      top += PANEL_GAP;
      if (!panel.title().isEmpty()) {
        label(panel.title(), EDGE, top + 13, "panel");
        top += PANEL_HEIGHT;
      }
      Scale scale = sharesScale() ? shared : scale(panel.lines());
      for (Line line : panel.lines()) {
        line(line, scale, top);
        top += LINE_HEIGHT;
      }
    }
  }

  private static int height(Panel panel) {
    return PANEL_GAP
        + (panel.title().isEmpty() ? 0 : PANEL_HEIGHT)
        + panel.lines().size() * LINE_HEIGHT;
  }

  private void axis(Scale scale, int top, int bottom) {
    double labelled = 0;
    for (double tick : scale.ticks()) {
      double x = x(scale, tick);
      boolean mark = chart.plot() == Chart.Plot.RATIOS && tick == 1;
      svg.empty(
          "line", "class", mark ? "mark" : "grid", "x1", x, "x2", x, "y1", top, "y2", bottom + 2);
      if (x - labelled >= TICK_DISTANCE) {
        label(tick(tick), x, bottom + 15, "tick middle");
        labelled = x;
      }
    }
  }

  /** Returns a tick's number without decimals that say nothing. */
  private String tick(double tick) {
    String text = chart.plot() == Chart.Plot.TIMES ? Numbers.time(tick) : Numbers.ratio(tick);
    return text.replaceFirst("\\.0+(?= |$)|(?<=\\.\\d)0$", "");
  }

  private void line(Line line, Scale scale, int top) {
    double middle = top + LINE_HEIGHT / 2.0;
    boolean ours = line.style() == Style.OURS;
    label(line.label(), left - LABEL_GAP, middle + 4, ours ? "end bold" : "end");
    if (chart.plot() == Chart.Plot.TIMES) {
      dot(line, scale, middle);
    } else {
      bar(line, scale, middle);
    }
    boolean tails = chart.hasTails();
    double end = WIDTH - EDGE - (tails ? TEXT_WIDTH : 0);
    label(line.text(), end, middle + 4, ours ? "end bold" : "end");
    if (tails) {
      label(line.tailText(), WIDTH - EDGE, middle + 4, "end faint");
    }
  }

  private void bar(Line line, Scale scale, double middle) {
    double end = x(scale, line.value().median());
    svg.empty(
        "rect",
        "class",
        line.style().className(),
        "x",
        left,
        "y",
        middle - BAR_HEIGHT / 2.0,
        "width",
        Math.max(1, end - left),
        "height",
        BAR_HEIGHT);
    if (scale.cuts(line.value().median())) {
      for (double x : new double[] {end - 14, end - 9}) {
        svg.empty(
            "path",
            "class",
            "cut",
            "d",
            String.format(
                Locale.ROOT, "M%.1f %.1fl5 -%d", x, middle + BAR_HEIGHT / 2.0 + 1, BAR_HEIGHT + 2));
      }
    } else {
      spread(line.value(), scale, middle);
    }
  }

  private void dot(Line line, Scale scale, double middle) {
    String style = line.style().className();
    double x = x(scale, line.value().median());
    if (line.tail().isKnown()) {
      double end = x(scale, line.tail().median());
      svg.empty("line", "class", "reach " + style, "x1", x, "x2", end, "y1", middle, "y2", middle);
      spread(line.tail(), scale, middle);
      svg.empty("circle", "class", style + " ring", "cx", end, "cy", middle, "r", 4);
    }
    spread(line.value(), scale, middle);
    svg.empty("circle", "class", style, "cx", x, "cy", middle, "r", 4.5);
  }

  private void spread(Spread spread, Scale scale, double middle) {
    if (!spread.hasQuartiles()) {
      return;
    }
    double low = x(scale, spread.low());
    double high = x(scale, spread.high());
    svg.empty(
        "path",
        "class",
        "spread",
        "d",
        String.format(Locale.ROOT, "M%.1f %.1fv6m0 -3H%.1fm0 -3v6", low, middle - 3, high));
  }

  private double x(Scale scale, double number) {
    return left + scale.place(number) * (right - left - LABEL_GAP);
  }

  private void label(String text, double x, double y, String style) {
    if (!text.isEmpty()) {
      svg.text("text", text, "class", style, "x", x, "y", y);
    }
  }
}
