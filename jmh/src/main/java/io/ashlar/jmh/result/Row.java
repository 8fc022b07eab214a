package io.ashlar.jmh.result;

/**
 * One result: a line of the table and of the CSV file. A number that was not measured is NaN.
 *
 * @param subject what was measured.
 * @param throughput how much was done in a second.
 * @param latency how long an operation took.
 * @param ratios how it compares with the limit and with the best peer.
 * @param heapBytesPerOp Java heap that all threads allocated for one operation.
 * @param note durability, and facts about the store.
 */
public record Row(
    Subject subject,
    Throughput throughput,
    Latency latency,
    Ratios ratios,
    double heapBytesPerOp,
    String note) {

  /** Returns this with another note. */
  public Row withNote(String newNote) {
    return new Row(subject, throughput, latency, ratios, heapBytesPerOp, newNote);
  }

  /** Returns the scenario's name. */
  public String scenario() {
    return subject.scenario();
  }

  /** Returns the contestant's name. */
  public String store() {
    return subject.store();
  }

  /** Returns the cell's name. */
  public String cell() {
    return subject.cell();
  }
}
