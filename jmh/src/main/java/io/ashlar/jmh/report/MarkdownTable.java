package io.ashlar.jmh.report;

import java.util.ArrayList;
import java.util.List;

/** A table in Markdown, without the columns that are empty in every line. Thread: one. */
final class MarkdownTable {

  private final List<String> header;
  private final List<List<String>> lines = new ArrayList<>();

  MarkdownTable(String... header) {
    this.header = List.of(header);
  }

  /** Adds a line, with a field for each column. */
  void add(String... fields) {
    if (fields.length != header.size()) {
      throw new IllegalArgumentException(
          "a field for each column: columns=" + header.size() + ", fields=" + fields.length);
    }
    lines.add(List.of(fields));
  }

  /** Returns the table, or an empty text if it has no line. */
  String text() {
    if (lines.isEmpty()) {
      return "";
    }
    List<Integer> columns = new ArrayList<>();
    for (int i = 0; i < header.size(); i++) {
      int column = i;
      if (lines.stream().anyMatch(line -> !line.get(column).isEmpty())) {
        columns.add(i);
      }
    }
    StringBuilder text = new StringBuilder();
    append(text, columns, header);
    text.append("|").append("---|".repeat(columns.size())).append('\n');
    lines.forEach(line -> append(text, columns, line));
    return text.append('\n').toString();
  }

  private static void append(StringBuilder text, List<Integer> columns, List<String> fields) {
    for (int column : columns) {
      text.append("| ").append(fields.get(column).replace("|", "\\|")).append(' ');
    }
    text.append("|\n");
  }
}
