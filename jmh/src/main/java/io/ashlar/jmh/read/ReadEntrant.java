package io.ashlar.jmh.read;

import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Entrant;
import io.ashlar.jmh.machine.Device;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What reads in a cell, slice by slice. Thread: the main thread. */
abstract class ReadEntrant extends Entrant {

  private final @Nullable Device device;
  private long deviceReads;
  private long deviceBytes;
  private long reads;

  ReadEntrant(String label, Contestant.Kind kind, Optional<Device> device) {
    super(label, kind);
    this.device = device.orElse(null);
  }

  /** Measures one slice and what the device counted meanwhile. */
  final void slice(long durationNs) {
    Device known = device;
    long readsBefore = known == null ? 0 : known.readsCompleted();
    long bytesBefore = known == null ? 0 : known.bytesRead();
    reads += read(durationNs);
    if (known != null) {
      deviceReads += known.readsCompleted() - readsBefore;
      deviceBytes += known.bytesRead() - bytesBefore;
    }
  }

  /** Lets go of what it keeps of its files, so that the page cache can be dropped. */
  void coolDown() {}

  /** Reads for a while; returns how many values. */
  abstract long read(long durationNs);

  /** Forgets what the device has counted so far, as when it was only warming up. */
  final void forgetDevice() {
    deviceReads = 0;
    deviceBytes = 0;
    reads = 0;
  }

  /** Returns what the device was asked for one value, or nothing. */
  final String deviceNote() {
    return device == null || reads == 0
        ? ""
        : String.format(
            Locale.ROOT,
            "device: %.2f reads, %.1f KiB a get; ",
            (double) deviceReads / reads,
            deviceBytes / 1024.0 / reads);
  }
}
