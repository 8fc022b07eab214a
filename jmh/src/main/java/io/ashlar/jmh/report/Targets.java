package io.ashlar.jmh.report;

import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/** What was aimed at in each cell, from a file with the columns scenario, cell, target, why. */
final class Targets {

  /**
   * One line of the file.
   *
   * @param target what was aimed at.
   * @param why what stands in the way of more.
   */
  record Target(String target, String why) {}

  private static final Target NONE = new Target("", "");

  private final Map<String, Target> targets = new HashMap<>();

  /** Reads the file; if it is missing, there are no targets. */
  static Targets read(Path file) {
    Targets targets = new Targets();
    if (Files.exists(file)) {
      CSVFormat format = CSVFormat.RFC4180.builder().setHeader().setSkipHeaderRecord(true).get();
      try (CSVParser parser = CSVParser.parse(new StringReader(TextFile.read(file)), format)) {
        for (CSVRecord line : parser) {
          targets.targets.put(
              key(line.get("scenario"), line.get("cell")),
              new Target(line.get("target"), line.get("why")));
        }
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read targets: file=" + file, e);
      }
    }
    return targets;
  }

  /** Returns the target of a cell; empty texts if it has none. */
  Target of(String scenario, String cell) {
    return targets.getOrDefault(key(scenario, cell), NONE);
  }

  private static String key(String scenario, String cell) {
    return scenario + "/" + cell;
  }
}
