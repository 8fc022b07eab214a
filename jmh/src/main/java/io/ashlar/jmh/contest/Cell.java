package io.ashlar.jmh.contest;

/**
 * One setting of a scenario, in which all contestants are measured side by side.
 *
 * @param name its name in results.
 * @param threads threads that commit at once.
 * @param values values in one batch.
 * @param valueBytes bytes of one value.
 * @param workingSetBytes bytes that all ids hold together; batches overwrite them at random.
 * @param ageing how many times the working set is overwritten, value by value, before measuring.
 */
public record Cell(
    String name, int threads, int values, int valueBytes, long workingSetBytes, int ageing) {

  /** Returns the bytes of one batch. */
  public long batchBytes() {
    return (long) values * valueBytes;
  }

  /** Returns how many ids there are: a multiple of a batch's. */
  public int idCount() {
    long batches = Math.max(2L * threads, workingSetBytes / batchBytes());
    return Math.toIntExact(batches * values);
  }
}
