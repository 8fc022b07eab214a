package io.ashlar.jmh;

/**
 * One result: a line of the table and of the CSV file. A number that was not measured is NaN.
 *
 * @param scenario the scenario's name.
 * @param store the contestant's name.
 * @param cell the cell's name.
 * @param opsPerS operations a second.
 * @param mbPerS megabytes (10^6 bytes) of values a second.
 * @param p50Us median latency in microseconds.
 * @param p99Us 99th percentile.
 * @param p999Us 99.9th percentile.
 * @param ratioToLimit this by the limit, in the same rounds; 1 is the limit, more is better.
 * @param ratioToBestPeer this by the best peer, in the same rounds; more than 1 is better.
 * @param heapBytesPerOp Java heap allocated by all threads for one operation.
 * @param note durability, and facts about the store.
 */
record Row(
    String scenario,
    String store,
    String cell,
    double opsPerS,
    double mbPerS,
    double p50Us,
    double p99Us,
    double p999Us,
    double ratioToLimit,
    double ratioToBestPeer,
    double heapBytesPerOp,
    String note) {

  /** Returns this with another note. */
  Row withNote(String newNote) {
    return new Row(
        scenario,
        store,
        cell,
        opsPerS,
        mbPerS,
        p50Us,
        p99Us,
        p999Us,
        ratioToLimit,
        ratioToBestPeer,
        heapBytesPerOp,
        newNote);
  }
}
