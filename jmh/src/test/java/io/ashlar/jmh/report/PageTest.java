package io.ashlar.jmh.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.jmh.result.Latency;
import io.ashlar.jmh.result.Ratios;
import io.ashlar.jmh.result.Row;
import io.ashlar.jmh.result.Spread;
import io.ashlar.jmh.result.Subject;
import io.ashlar.jmh.result.Throughput;
import java.io.StringReader;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class PageTest {

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
    Document page = parsed(Page.page(List.of("kernel: <6> & up"), TITLES, ROWS));
    assertThat(page.getElementsByTagName("p").item(0).getTextContent())
        .isEqualTo("kernel: <6> & up");
    assertThat(page.getDocumentElement().getTextContent())
        .contains("limit/<dsync>", "\"a\" < b & c", "W1 & more");
  }

  @Test
  void shouldNeedNothingElse() throws Exception {
    String page = Page.page(List.of(), TITLES, ROWS);
    assertThat(page).doesNotContain("http", "src=", "href=", "url(", "@import");
    Document document = parsed(page);
    assertThat(document.getElementsByTagName("script").getLength()).isZero();
    assertThat(document.getElementsByTagName("link").getLength()).isZero();
  }

  @Test
  void shouldLeaveOutWhatWasNotMeasured() throws Exception {
    Document page = parsed(Page.page(List.of(), Map.of("heap", "W6"), ROWS));
    NodeList charts = page.getElementsByTagName("svg");
    assertThat(charts.getLength()).isEqualTo(2);
    assertThat(charts.item(0).getTextContent()).contains("Heap").doesNotContain("NaN");
    assertThat(page.getDocumentElement().getTextContent()).doesNotContain("NaN");
  }
}
