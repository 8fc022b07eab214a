package io.ashlar.store.disk;

/**
 * One thing that happened to a {@link SimulatedDisk}, in order. An operation begins with its own
 * event and ends with {@link Completed} or {@link Failed} of the same id; between the two it is in
 * flight. Reads are not recorded, as they change nothing.
 */
public sealed interface DiskEvent {
  /**
   * A write began.
   *
   * @param bytes never changed.
   * @param durable whether its bytes are durable once it has completed.
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Write(int id, long offset, byte[] bytes, boolean durable) implements DiskEvent {
    @Override
    public String toString() {
      return "Write[id=%d, offset=%d, length=%d, durable=%b]"
          .formatted(id, offset, bytes.length, durable);
    }
  }

  /**
   * A sync began: it covers the operations that have completed so far.
   *
   * @param all whether it covers truncations, holes and lengths of allocated space too.
   */
  record Sync(int id, boolean all) implements DiskEvent {}

  /** The length of the file was to be changed. */
  record Truncate(int id, long bytes) implements DiskEvent {}

  /** A range was to become a hole. */
  record Punch(int id, long offset, long bytes) implements DiskEvent {}

  /** A range was to get its space, and the file its length. */
  record Allocate(int id, long offset, long bytes) implements DiskEvent {}

  /** An operation succeeded, as far as its caller knows. */
  record Completed(int id) implements DiskEvent {}

  /** An operation failed; whatever of it is not durable may still land, now or later. */
  record Failed(int id, int errno) implements DiskEvent {}

  /** The test noted something, such as an acknowledgement. */
  record Mark(Object value) implements DiskEvent {}
}
