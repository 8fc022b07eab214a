package io.ashlar.jmh.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.ashlar.jmh.result.Spread;
import java.io.StringReader;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class ChartSvgTest {

  private static Chart chart(Chart.Plot plot, Line... lines) {
    return new Chart("a < b & c", "", plot, List.of(new Panel("cell", List.of(lines))));
  }

  private static Line line(String label, Style style, double value) {
    return new Line(label, style, Spread.exactly(value), "text");
  }

  private static Element parsed(String svg) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(svg)))
        .getDocumentElement();
  }

  private static List<Element> elements(Element root, String name, String style) {
    NodeList all = root.getElementsByTagName(name);
    return IntStream.range(0, all.getLength())
        .mapToObj(i -> (Element) all.item(i))
        .filter(each -> List.of(each.getAttribute("class").split(" ")).contains(style))
        .toList();
  }

  private static double number(Element element, String attribute) {
    return Double.parseDouble(element.getAttribute(attribute));
  }

  private static double width(Element svg, Style style) {
    return number(elements(svg, "rect", style.name().toLowerCase(Locale.ROOT)).getFirst(), "width");
  }

  @Test
  void shouldDrawBarsAsLongAsTheirValues() throws Exception {
    Element svg =
        parsed(
            ChartSvg.element(
                chart(
                    Chart.Plot.BARS,
                    line("a", Style.LIMIT, 2000),
                    line("b", Style.OURS, 1000),
                    line("c", Style.PEER, 500))));
    assertThat(width(svg, Style.LIMIT)).isCloseTo(2 * width(svg, Style.OURS), within(0.2));
    assertThat(width(svg, Style.OURS)).isCloseTo(2 * width(svg, Style.PEER), within(0.2));
    assertThat(elements(svg, "path", "cut")).isEmpty();
  }

  @Test
  void shouldMarkABarThatIsCutBecauseItWouldSquashTheOthers() throws Exception {
    Element svg =
        parsed(
            ChartSvg.element(
                chart(
                    Chart.Plot.BARS,
                    line("a", Style.LIMIT, 30_000),
                    line("b", Style.OURS, 1000),
                    line("c", Style.PEER, 500))));
    assertThat(width(svg, Style.LIMIT)).isCloseTo(1.5 * width(svg, Style.OURS), within(0.2));
    assertThat(elements(svg, "path", "cut")).hasSize(2);
  }

  @Test
  void shouldMarkTheLimitWhereItsBarEnds() throws Exception {
    Element svg =
        parsed(
            ChartSvg.element(
                chart(Chart.Plot.RATIOS, line("a", Style.LIMIT, 1), line("b", Style.OURS, 1.2))));
    Element mark = elements(svg, "line", "mark").getFirst();
    Element bar = elements(svg, "rect", "limit").getFirst();
    assertThat(number(mark, "x1")).isCloseTo(number(bar, "x") + number(bar, "width"), within(0.2));
  }

  @Test
  void shouldPutEqualFactorsOfTimeAtEqualDistances() throws Exception {
    Line[] lines = {
      new Line("a", Style.OURS, Spread.exactly(10), Spread.exactly(100), "", ""),
      new Line("b", Style.PEER, Spread.exactly(100), Spread.exactly(1000), "", "")
    };
    Element svg = parsed(ChartSvg.element(chart(Chart.Plot.TIMES, lines)));
    List<Element> ours = elements(svg, "circle", "ours");
    List<Element> peer = elements(svg, "circle", "peer");
    double decade = number(ours.getFirst(), "cx") - number(ours.getLast(), "cx");
    assertThat(decade)
        .isCloseTo(number(peer.getFirst(), "cx") - number(peer.getLast(), "cx"), within(0.2))
        .isPositive();
    assertThat(ours).hasSize(2);
    assertThat(peer).hasSize(2);
  }

  @Test
  void shouldDrawQuartilesWhereTheyAreKnown() throws Exception {
    Line known = new Line("a", Style.OURS, new Spread(2, 1, 3), "");
    Element svg = parsed(ChartSvg.element(chart(Chart.Plot.BARS, known, line("b", Style.PEER, 1))));
    assertThat(elements(svg, "path", "spread")).hasSize(1);
    assertThat(svg.getTextContent()).contains("quartiles");
    assertThat(ChartSvg.element(chart(Chart.Plot.BARS, line("b", Style.PEER, 1))))
        .doesNotContain("quartiles");
  }

  @Test
  void shouldStayWithinItsFrame() throws Exception {
    Line[] lines = {
      new Line(
          "rocksdb/blob-direct", Style.PEER, new Spread(2, 1, 9e9), Spread.exactly(9e9), "", ""),
      line("b", Style.OURS, 0.001)
    };
    for (Chart.Plot plot : Chart.Plot.values()) {
      Element svg = parsed(ChartSvg.file(chart(plot, lines)));
      for (String name : List.of("x", "x1", "x2", "cx")) {
        for (String element : List.of("text", "rect", "line", "circle")) {
          NodeList all = svg.getElementsByTagName(element);
          for (int i = 0; i < all.getLength(); i++) {
            Element each = (Element) all.item(i);
            if (each.hasAttribute(name)) {
              assertThat(number(each, name)).isBetween(0.0, 400.0);
            }
          }
        }
      }
    }
  }

  @Test
  void shouldBeLightAndDarkAndNeedNothingElseAsAFile() throws Exception {
    String svg = ChartSvg.file(chart(Chart.Plot.BARS, line("b", Style.PEER, 1)));
    assertThat(svg)
        .contains("prefers-color-scheme: dark")
        .doesNotContain("<script", "href", "url(");
    assertThat(parsed(svg).getAttribute("aria-label")).isEqualTo("a < b & c");
  }

  @Test
  void shouldWriteNumbersAndTimesToBeReadAtAGlance() {
    assertThat(Numbers.number(12_345.6)).isEqualTo("12,346");
    assertThat(Numbers.number(0.0042)).isEqualTo("0.0042");
    assertThat(Numbers.number(Double.NaN)).isEmpty();
    assertThat(Numbers.rounded(9_362.1)).isEqualTo("9,362");
    assertThat(Numbers.rounded(25_252.8)).isEqualTo("25.3 k");
    assertThat(Numbers.rounded(2_335_463)).isEqualTo("2.34 M");
    assertThat(Numbers.time(0.13)).isEqualTo("130 ns");
    assertThat(Numbers.time(98.25)).isEqualTo("98.3 µs");
    assertThat(Numbers.time(1234)).isEqualTo("1.23 ms");
    assertThat(Numbers.time(57_049)).isEqualTo("57.0 ms");
    assertThat(Numbers.time(1_179_117)).isEqualTo("1.18 s");
    assertThat(Numbers.time(Double.NaN)).isEmpty();
  }
}
