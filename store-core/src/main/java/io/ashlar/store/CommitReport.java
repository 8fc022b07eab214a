package io.ashlar.store;

/** The outcome of one durable epoch. Thread: any. */
public interface CommitReport {

  /** {@return the epoch's number: higher than that of every epoch that became durable before it} */
  long epoch();

  /** {@return how many puts were added to the epoch} */
  int putsTotal();

  /** {@return how many puts have durable bytes now} */
  int putsFlushed();

  /** {@return how many deletes were added to the epoch} */
  int deletesTotal();

  /** {@return how many deletes found a blob} */
  int deletesApplied();
}
