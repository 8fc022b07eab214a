package io.ashlar.jmh.report;

import java.util.Formatter;
import java.util.List;
import java.util.Locale;

/**
 * Draws horizontal bars as SVG, to be put into a page that has the style classes {@code ours},
 * {@code peer}, {@code limit}, {@code tail} and {@code mark}.
 */
final class BarChart {

  private static final int LABEL_WIDTH = 128;
  private static final int BARS_LEFT = LABEL_WIDTH + 8;
  private static final int BARS_WIDTH = 190;
  private static final int TEXT_WIDTH = 104;
  private static final int WIDTH = BARS_LEFT + BARS_WIDTH + TEXT_WIDTH;
  private static final int ROW_HEIGHT = 22;
  private static final int BAR_HEIGHT = 14;
  private static final int TITLE_HEIGHT = 26;
  private static final int TEXT_DROP = 11;

  /** How much longer than the longest bar a tail may be drawn; beyond that it is cut. */
  private static final double TAIL_MAX = 3;

  private BarChart() {}

  /**
   * One bar.
   *
   * @param label what stands left of it.
   * @param style the class that colours it.
   * @param value its length, 0 or more; NaN for none.
   * @param tail the length of the paler bar behind it, such as a tail latency; NaN for none.
   * @param text what stands right of it.
   */
  record Bar(String label, String style, double value, double tail, String text) {}

  /**
   * Returns the chart.
   *
   * @param mark where to draw a line through all bars, in the bars' unit; NaN for none.
   */
  static String svg(String title, List<Bar> bars, double mark) {
    double scale = scale(bars, mark);
    int height = TITLE_HEIGHT + bars.size() * ROW_HEIGHT + 4;
    StringBuilder text = new StringBuilder();
    Formatter svg = new Formatter(text, Locale.ROOT);
    var _ =
        svg.format(
            "<svg viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"%s\">%n",
            WIDTH, height, WIDTH, height, escaped(title));
    var _ = svg.format("<text class=\"title\" x=\"0\" y=\"15\">%s</text>%n", escaped(title));
    for (int i = 0; i < bars.size(); i++) {
      rectangles(svg, bars.get(i), TITLE_HEIGHT + i * ROW_HEIGHT, scale);
    }
    if (Double.isFinite(mark)) {
      double x = BARS_LEFT + mark * scale;
      var _ =
          svg.format(
              "<line class=\"mark\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>%n",
              x, x, TITLE_HEIGHT - 4, height);
    }
    for (int i = 0; i < bars.size(); i++) { // last, to be read before the mark
      texts(svg, bars.get(i), TITLE_HEIGHT + i * ROW_HEIGHT, scale);
    }
    return text.append("</svg>\n").toString();
  }

  /** Returns how many pixels one unit has. */
  private static double scale(List<Bar> bars, double mark) {
    double longest = Double.isFinite(mark) ? mark : 0;
    double tail = 0;
    for (Bar bar : bars) {
      longest = Math.max(longest, finite(bar.value()));
      tail = Math.max(tail, finite(bar.tail()));
    }
    double domain = Math.max(longest, Math.min(tail, TAIL_MAX * longest));
    return domain > 0 ? BARS_WIDTH / domain : 0;
  }

  private static void rectangles(Formatter svg, Bar bar, int top, double scale) {
    if (finite(bar.tail()) > 0) {
      rectangle(svg, bar.style() + " tail", top, width(bar.tail(), scale));
    }
    rectangle(svg, bar.style(), top, Math.max(1, width(bar.value(), scale)));
  }

  private static void texts(Formatter svg, Bar bar, int top, double scale) {
    var _ =
        svg.format(
            "<text class=\"label %s\" x=\"%d\" y=\"%d\">%s</text>%n",
            bar.style(), LABEL_WIDTH, top + TEXT_DROP, escaped(bar.label()));
    var _ =
        svg.format(
            "<text x=\"%.1f\" y=\"%d\">%s</text>%n",
            BARS_LEFT + Math.max(width(bar.value(), scale), width(bar.tail(), scale)) + 6,
            top + TEXT_DROP,
            escaped(bar.text()));
  }

  private static double width(double value, double scale) {
    return Math.min(BARS_WIDTH, finite(value) * scale);
  }

  private static void rectangle(Formatter svg, String style, int top, double width) {
    var _ =
        svg.format(
            "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>%n",
            style, BARS_LEFT, top, width, BAR_HEIGHT);
  }

  private static double finite(double value) {
    return Double.isFinite(value) ? value : 0;
  }

  /** Returns text as it may stand in HTML and in an attribute. */
  static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
