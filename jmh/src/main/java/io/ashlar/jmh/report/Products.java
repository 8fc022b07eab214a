package io.ashlar.jmh.report;

import io.ashlar.jmh.chart.Style;
import io.ashlar.jmh.result.Row;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The rows of one cell as readers of a small chart want them: one line for each product. */
final class Products {

  private static final String ASHLAR = "ashlar";
  private static final String LIMIT = "limit";

  /** What the products are called, in the order of charts. */
  private static final Map<String, String> NAMES = new LinkedHashMap<>();

  static {
    NAMES.put(LIMIT, "device’s limit");
    NAMES.put(ASHLAR, "Ashlar");
    NAMES.put("rocksdb", "RocksDB");
    NAMES.put("lmdb", "LMDB");
    NAMES.put("sqlite", "SQLite");
    NAMES.put("mvstore", "MVStore");
  }

  private Products() {}

  /** Returns the rows of each cell of a scenario, in the order of the file. */
  static Map<String, List<Row>> cells(List<Row> rows, String scenario) {
    Map<String, List<Row>> cells = new LinkedHashMap<>();
    for (Row row : rows) {
      if (row.scenario().equals(scenario)) {
        cells.computeIfAbsent(row.cell(), any -> new ArrayList<>()).add(row);
      }
    }
    return cells;
  }

  /** Returns the best row of each product, in the order of charts; others are left out. */
  static List<Row> best(List<Row> cell) {
    List<Row> best = new ArrayList<>();
    for (String product : NAMES.keySet()) {
      if (product.equals(LIMIT)) {
        limit(cell).ifPresent(best::add);
      } else if (product.equals(ASHLAR)) {
        ours(cell).ifPresent(best::add);
      } else {
        cell.stream()
            .filter(row -> product(row).equals(product))
            .max(Comparator.comparingDouble(Products::goodness))
            .ifPresent(best::add);
      }
    }
    return best;
  }

  /** Returns the limit that ratios of a cell compare with. */
  static Optional<Row> limit(List<Row> cell) {
    return cell.stream()
        .filter(row -> product(row).equals(LIMIT))
        .min(Comparator.comparingDouble(row -> Math.abs(1 - row.ratios().toLimit().median())));
  }

  /** Returns the peer that ratios of a cell compare with. */
  static Optional<Row> bestPeer(List<Row> cell) {
    return cell.stream()
        .filter(row -> style(row) == Style.PEER)
        .filter(row -> row.ratios().toBestPeer().median() == 1)
        .findFirst();
  }

  /** Returns Ashlar with its defaults, or the only form of it that a cell has. */
  static Optional<Row> ours(List<Row> cell) {
    return cell.stream()
        .filter(row -> product(row).equals(ASHLAR))
        .min(Comparator.comparing(row -> !row.store().equals(ASHLAR)));
  }

  /** Returns a form of Ashlar other than the default, if a cell has it. */
  static Optional<Row> form(List<Row> cell, String name) {
    return cell.stream().filter(row -> row.store().equals(ASHLAR + "/" + name)).findFirst();
  }

  /** Returns the name to print: the product's, and the form of Ashlar if it is not the default. */
  static String name(Row row) {
    String name = NAMES.getOrDefault(product(row), row.store());
    return style(row) == Style.OURS && !row.store().equals(ASHLAR)
        ? name + row.store().substring(ASHLAR.length()).replace("/", ", ")
        : name;
  }

  /** Returns how a row is coloured. */
  static Style style(Row row) {
    return switch (product(row)) {
      case ASHLAR -> Style.OURS;
      case LIMIT -> Style.LIMIT;
      default -> row.scenario().equals("tier") ? Style.LIMIT : Style.PEER;
    };
  }

  private static String product(Row row) {
    int slash = row.store().indexOf('/');
    return slash < 0 ? row.store() : row.store().substring(0, slash);
  }

  private static double goodness(Row row) {
    if (row.ratios().toLimit().isKnown()) {
      return row.ratios().toLimit().median();
    }
    return row.latency().p50Us().isKnown()
        ? -row.latency().p50Us().median()
        : row.throughput().opsPerS().median();
  }
}
