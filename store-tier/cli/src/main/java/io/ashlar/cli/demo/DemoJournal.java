package io.ashlar.cli.demo;

import io.ashlar.cli.console.ErrorText;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Progress;
import io.ashlar.cli.file.BlobName;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.HdrHistogram.Histogram;

/**
 * Measurements and mismatches of a demo. Mismatches are collected, not thrown, so that the summary
 * has all of them.
 *
 * <p>Thread: one.
 */
final class DemoJournal {

  /** The most mismatches that are listed. */
  static final int MISMATCHES_MAX = 20;

  private final Output output;
  private final Histogram latencies = new Histogram(3);
  private final List<String> mismatches = new ArrayList<>();
  private final List<DemoReport.Phase> phases = new ArrayList<>();
  private long mismatchCount;
  private long epochs;
  private long groups;

  DemoJournal(Output output) {
    this.output = output;
  }

  /** One commit was acknowledged. */
  void onCommit(long latencyNs) {
    epochs++;
    latencies.recordValue(latencyNs);
  }

  /** A store wrote that many log records while it was open. */
  void onGroups(long count) {
    groups += count;
  }

  /** A step ended that moved or read {@code bytes}. */
  void onPhase(String name, long bytes, long startNs) {
    phases.add(new DemoReport.Phase(name, bytes, System.nanoTime() - startNs));
  }

  /** Prints what was done. */
  void onStep(String done) {
    output.note("demo: " + done);
  }

  /** Something is not as it should be. */
  void onMismatch(String text) {
    mismatchCount++;
    if (mismatches.size() < MISMATCHES_MAX) {
      mismatches.add(text);
    }
  }

  /** Reads blobs and compares their SHA-256 with that of the files they were put from. */
  void compare(String phase, DemoSource source, BlobStore store, Collection<BlobName> names)
      throws IOException {
    long total = source.bytesOf(names);
    long startNs = System.nanoTime();
    long bytes = 0;
    try (Progress progress = output.progress(phase, total)) {
      for (BlobName name : names) {
        DemoSource.Source file = source.file(name);
        String actual = digestOf(store, name);
        if (!actual.equals(file.sha256())) {
          onMismatch(
              phase + ": name=" + name + ", expected=" + file.sha256() + ", actual=" + actual);
        }
        bytes += file.length();
        progress.at(0, bytes);
      }
    }
    onPhase(phase, total, startNs);
  }

  private static String digestOf(BlobStore store, BlobName name) throws IOException {
    try {
      return DemoSource.digestOf(store, name);
    } catch (CorruptionException e) {
      return ErrorText.of(e);
    }
  }

  /** Returns whether nothing was wrong. */
  boolean matched() {
    return mismatchCount == 0;
  }

  /** Returns the first of what was wrong. */
  List<String> mismatches() {
    return List.copyOf(mismatches);
  }

  /** Returns the steps in order. */
  List<DemoReport.Phase> phases() {
    return List.copyOf(phases);
  }

  /** Returns how many epochs were acknowledged. */
  long epochs() {
    return epochs;
  }

  /** Returns how many log records were written. */
  long groups() {
    return groups;
  }

  /** Returns the latency that {@code percent} of the commits did not exceed, in nanoseconds. */
  long latencyNs(double percent) {
    return latencies.getValueAtPercentile(percent);
  }
}
