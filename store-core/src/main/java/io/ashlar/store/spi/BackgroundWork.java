package io.ashlar.store.spi;

/**
 * Background work, such as a pass of a tier. It is done in small steps, with a rest after each. The
 * store says how long a rest takes: it depends on the commits beside it and on two ceilings.
 *
 * <p>Thread: the one that does the work.
 */
public interface BackgroundWork {

  /** Work that never rests, such as that of an open. */
  BackgroundWork UNPACED =
      new BackgroundWork() {
        @Override
        public void rest(long bytes) {}

        @Override
        public long stepBytesMax() {
          return STEP_BYTES_MAX;
        }
      };

  /** The most bytes of a step, whatever goes on beside it. */
  long STEP_BYTES_MAX = 1 << 20;

  /**
   * Ends a step and rests until the next one may begin. A rest ends early when the store is closed.
   *
   * @param bytes bytes that the step moved, 0 or more. A byte that is read and then written or sent
   *     counts once.
   */
  void rest(long bytes);

  /**
   * {@return the most bytes that the next step should move: a multiple of 64 KiB, at most {@link
   * #STEP_BYTES_MAX}}
   */
  long stepBytesMax();
}
