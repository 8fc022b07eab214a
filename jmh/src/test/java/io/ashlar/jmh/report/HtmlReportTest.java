package io.ashlar.jmh.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class HtmlReportTest {

  private static final List<Row> ROWS =
      List.of(
          row("commit", "ashlar", "1x4K", 1000, 0.5, Double.NaN),
          row("commit", "lmdb", "1x4K", 500, 0.25, 80),
          row("commit", "limit/<dsync>", "1x4K", 2000, 1, 0),
          row("heap", "ashlar", "get 4K", 10, Double.NaN, 24));
  private static final Map<String, String> TITLES = Map.of("commit", "W1 & more", "heap", "W6");

  private static Row row(
      String scenario, String store, String cell, double opsPerS, double ratio, double heap) {
    return new Row(
        new Subject(scenario, store, cell),
        new Throughput(Spread.exactly(opsPerS), 4),
        new Latency(Spread.exactly(80), Spread.exactly(100), 200),
        new Ratios(Spread.exactly(ratio), Spread.exactly(ratio)),
        heap,
        "\"a\" < b & c");
  }

  private static Document parsed(String page) throws Exception {
    DocumentBuilder builder = DocumentBuilderFactory.newInstance().newDocumentBuilder();
    return builder.parse(new InputSource(new StringReader(page)));
  }

  @Test
  void shouldBeWellFormedWhateverNamesAndNotesHold() throws Exception {
    Document page = parsed(HtmlReport.page(List.of("kernel: <6> & up"), TITLES, ROWS));
    assertThat(page.getElementsByTagName("p").item(0).getTextContent())
        .isEqualTo("kernel: <6> & up");
    assertThat(page.getDocumentElement().getTextContent())
        .contains("limit/<dsync>", "\"a\" < b & c", "W1 & more");
  }

  @Test
  void shouldNeedNothingElse() throws Exception {
    String page = HtmlReport.page(List.of(), TITLES, ROWS);
    assertThat(page).doesNotContain("http", "src=", "href=", "url(", "@import");
    Document document = parsed(page);
    assertThat(document.getElementsByTagName("script").getLength()).isZero();
    assertThat(document.getElementsByTagName("link").getLength()).isZero();
  }

  @Test
  void shouldDrawBarsAsLongAsTheirValues() throws Exception {
    Document page = parsed(HtmlReport.page(List.of(), Map.of("commit", "W1"), ROWS));
    Element rates = (Element) page.getElementsByTagName("svg").item(0);
    assertThat(widths(rates, "limit")).isEqualTo(2 * widths(rates, "ours"));
    assertThat(widths(rates, "ours")).isEqualTo(2 * widths(rates, "peer"));
  }

  @Test
  void shouldMarkTheLimitWhereItsBarEnds() throws Exception {
    Document page = parsed(HtmlReport.page(List.of(), Map.of("commit", "W1"), ROWS));
    Element ratios = (Element) page.getElementsByTagName("svg").item(1);
    Element line = (Element) ratios.getElementsByTagName("line").item(0);
    Element bar = rectangle(ratios, "limit");
    assertThat(Double.parseDouble(line.getAttribute("x1")))
        .isEqualTo(
            Double.parseDouble(bar.getAttribute("x"))
                + Double.parseDouble(bar.getAttribute("width")));
  }

  @Test
  void shouldLeaveOutWhatWasNotMeasured() throws Exception {
    Document page = parsed(HtmlReport.page(List.of(), Map.of("heap", "W6"), ROWS));
    NodeList charts = page.getElementsByTagName("svg");
    assertThat(charts.getLength()).isEqualTo(2);
    assertThat(charts.item(0).getTextContent()).contains("heap").doesNotContain("NaN");
    assertThat(page.getDocumentElement().getTextContent()).doesNotContain("NaN");
  }

  @Test
  void shouldCutATailThatWouldSquashTheBars() {
    List<BarChart.Bar> bars =
        List.of(
            new BarChart.Bar("a", "ours", 10, 100_000, ""),
            new BarChart.Bar("b", "peer", 20, 30, ""));
    String svg = BarChart.svg("tails", bars, Double.NaN);
    assertThat(svg)
        .contains("class=\"ours tail\" x=\"136\" y=\"26\" width=\"190.0\"")
        .contains("class=\"peer\" x=\"136\" y=\"48\" width=\"63.3\"");
  }

  @Test
  void shouldWriteNumbersAndTimesToBeReadAtAGlance() {
    assertThat(HtmlReport.number(12_345.6)).isEqualTo("12,346");
    assertThat(HtmlReport.number(0.0042)).isEqualTo("0.0042");
    assertThat(HtmlReport.number(0)).isEqualTo("0.00");
    assertThat(HtmlReport.number(Double.NaN)).isEmpty();
    assertThat(HtmlReport.time(98.25)).isEqualTo("98.3 µs");
    assertThat(HtmlReport.time(57_049)).isEqualTo("57.0 ms");
    assertThat(HtmlReport.time(1_179_117)).isEqualTo("1.18 s");
  }

  private static double widths(Element chart, String style) {
    return Double.parseDouble(rectangle(chart, style).getAttribute("width"));
  }

  private static Element rectangle(Element chart, String style) {
    NodeList rectangles = chart.getElementsByTagName("rect");
    for (int i = 0; i < rectangles.getLength(); i++) {
      Element rectangle = (Element) rectangles.item(i);
      if (rectangle.getAttribute("class").equals(style)) {
        return rectangle;
      }
    }
    throw new AssertionError("no such bar: style=" + style);
  }
}
