package io.ashlar.store;

/** What became of one durable epoch. Thread: any. */
public interface CommitReport {

  /** Returns the epoch's number: higher than that of every epoch that became durable before it. */
  long epoch();

  /** Returns the puts that the epoch was asked for. */
  int putsTotal();

  /** Returns the puts whose bytes are durable now. */
  int putsFlushed();

  /** Returns the deletes that the epoch was asked for. */
  int deletesTotal();

  /** Returns the deletes that found a blob. */
  int deletesApplied();
}
