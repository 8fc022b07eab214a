package io.ashlar.jmh.result;

import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVPrinter;
import org.apache.commons.csv.CSVRecord;

/**
 * Results as CSV (RFC 4180), one line for each row.
 *
 * <p>Lines before the header that begin with {@code #} say what was measured, and with what. A
 * number that was not measured is an empty field. Columns are found by their names in the header:
 * files of before have no {@code …_q1} and {@code …_q3}, which hold quartiles.
 *
 * @param machine what was measured, and with what.
 * @param rows the results.
 */
public record ResultsCsv(List<String> machine, List<Row> rows) {

  private static final List<String> COLUMNS =
      List.of(
          "scenario",
          "store",
          "cell",
          "ops_per_s",
          "mb_per_s",
          "p50_us",
          "p99_us",
          "p999_us",
          "ratio_to_limit",
          "ratio_to_best_peer",
          "heap_bytes_per_op",
          "ops_per_s_q1",
          "ops_per_s_q3",
          "p50_us_q1",
          "p50_us_q3",
          "p99_us_q1",
          "p99_us_q3",
          "ratio_to_limit_q1",
          "ratio_to_limit_q3",
          "ratio_to_best_peer_q1",
          "ratio_to_best_peer_q3",
          "note");

  private static final CSVFormat FORMAT =
      CSVFormat.RFC4180.builder().setRecordSeparator("\n").setCommentMarker('#').get();

  /**
   * Reads a file.
   *
   * @throws UncheckedIOException if it cannot be read, or a column is missing.
   */
  public static ResultsCsv read(Path file) {
    try {
      return parse(Files.readString(file));
    } catch (IOException | IllegalArgumentException e) {
      throw new UncheckedIOException(
          new IOException("cannot read results: file=" + file + ": " + e.getMessage(), e));
    }
  }

  /** Reads the text of a file. */
  static ResultsCsv parse(String text) throws IOException {
    CSVFormat format = FORMAT.builder().setHeader().setSkipHeaderRecord(true).get();
    try (CSVParser parser = CSVParser.parse(new StringReader(text), format)) {
      List<Row> rows = parser.stream().map(ResultsCsv::row).toList();
      String comment = parser.getHeaderComment();
      return new ResultsCsv(comment == null ? List.of() : comment.lines().toList(), rows);
    }
  }

  private static Row row(CSVRecord line) {
    return new Row(
        new Subject(line.get("scenario"), line.get("store"), line.get("cell")),
        new Throughput(spread(line, "ops_per_s"), number(line, "mb_per_s")),
        new Latency(spread(line, "p50_us"), spread(line, "p99_us"), number(line, "p999_us")),
        new Ratios(spread(line, "ratio_to_limit"), spread(line, "ratio_to_best_peer")),
        number(line, "heap_bytes_per_op"),
        line.get("note"));
  }

  private static Spread spread(CSVRecord line, String column) {
    return new Spread(
        number(line, column),
        line.isMapped(column + "_q1") ? number(line, column + "_q1") : Double.NaN,
        line.isMapped(column + "_q3") ? number(line, column + "_q3") : Double.NaN);
  }

  private static double number(CSVRecord line, String column) {
    String field = line.get(column);
    return field.isEmpty() ? Double.NaN : Double.parseDouble(field);
  }

  /** Returns the text of the file. */
  public String text() {
    StringBuilder text = new StringBuilder();
    try (CSVPrinter printer = new CSVPrinter(text, FORMAT)) {
      for (String line : machine) {
        printer.printComment(line);
      }
      printer.printRecord(COLUMNS);
      for (Row row : rows) {
        printer.printRecord(fields(row));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("a text in memory cannot be written", e);
    }
    return text.toString();
  }

  private static List<String> fields(Row row) {
    Spread opsPerS = row.throughput().opsPerS();
    Latency latency = row.latency();
    Ratios ratios = row.ratios();
    List<String> fields = new ArrayList<>(List.of(row.scenario(), row.store(), row.cell()));
    fields.add(field(opsPerS.median(), 1));
    fields.add(field(row.throughput().mbPerS(), 2));
    fields.add(field(latency.p50Us().median(), 2));
    fields.add(field(latency.p99Us().median(), 2));
    fields.add(field(latency.p999Us(), 2));
    fields.add(field(ratios.toLimit().median(), 4));
    fields.add(field(ratios.toBestPeer().median(), 4));
    fields.add(field(row.heapBytesPerOp(), 1));
    quartiles(fields, opsPerS, 1);
    quartiles(fields, latency.p50Us(), 2);
    quartiles(fields, latency.p99Us(), 2);
    quartiles(fields, ratios.toLimit(), 4);
    quartiles(fields, ratios.toBestPeer(), 4);
    fields.add(row.note());
    return fields;
  }

  private static void quartiles(List<String> fields, Spread spread, int decimals) {
    fields.add(field(spread.low(), decimals));
    fields.add(field(spread.high(), decimals));
  }

  private static String field(double value, int decimals) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, "%." + decimals + "f", value) : "";
  }
}
