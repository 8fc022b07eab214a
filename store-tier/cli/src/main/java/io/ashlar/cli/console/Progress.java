package io.ashlar.cli.console;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * The progress of a task on standard error: a bar on a terminal, a plain line every two seconds
 * elsewhere, or nothing.
 *
 * <p>Thread: {@link #total} and {@link #at} may come from any thread; close it from its maker's.
 */
public abstract sealed class Progress implements AutoCloseable {

  /** How progress is shown. */
  public enum Style {
    /** A bar that redraws itself. */
    BAR,
    /** Lines, for files and pipes. */
    LINES,
    /** Nothing. */
    NONE
  }

  /**
   * Begins a task.
   *
   * @param task its name, a word or three.
   * @param totalBytes its size, or 0 until {@link #total} is called.
   * @param lines where plain lines go; bars go to {@code System.err}.
   */
  static Progress begin(Style style, String task, long totalBytes, PrintWriter lines) {
    return switch (style) {
      case BAR -> new Bar(task, totalBytes);
      case LINES -> new Lines(task, totalBytes, lines);
      case NONE -> new None();
    };
  }

  /** Sets the size of the task, in bytes. */
  public abstract void total(long bytes);

  /** Shows how much is done. */
  public abstract void at(long items, long bytes);

  /** Ends the task and leaves the screen in order. Idempotent. */
  @Override
  public abstract void close();

  private static final class Bar extends Progress {
    private static final int DEFAULT_COLUMNS = 80;
    private final ProgressBar bar;

    Bar(String task, long totalBytes) {
      int columns = Integer.getInteger("ashlar.columns", DEFAULT_COLUMNS);
      PrintStream screen = System.err;
      bar =
          new ProgressBarBuilder()
              .setTaskName(String.format(Locale.ROOT, "%-9s", task))
              .setInitialMax(totalBytes)
              .setUnit(" MB", 1_000_000)
              .setStyle(ProgressBarStyle.ASCII)
              .setUpdateIntervalMillis(100)
              .setConsumer(new ConsoleProgressBarConsumer(screen, Math.max(40, columns) - 1))
              .showSpeed()
              .build();
    }

    @Override
    public void total(long bytes) {
      bar.maxHint(bytes);
    }

    @Override
    public void at(long items, long bytes) {
      bar.stepTo(bytes);
    }

    @Override
    public void close() {
      bar.close();
    }
  }

  private static final class Lines extends Progress {
    private static final long INTERVAL_NS = TimeUnit.SECONDS.toNanos(2);
    private final String task;
    private final PrintWriter lines;
    private final long startNs = System.nanoTime();
    private long totalBytes;
    private long nextNs = startNs + INTERVAL_NS;

    Lines(String task, long totalBytes, PrintWriter lines) {
      this.task = task;
      this.totalBytes = totalBytes;
      this.lines = lines;
    }

    @Override
    public synchronized void total(long bytes) {
      totalBytes = bytes;
    }

    @Override
    public synchronized void at(long items, long bytes) {
      long nowNs = System.nanoTime();
      if (nowNs - nextNs < 0) {
        return;
      }
      nextNs = nowNs + INTERVAL_NS;
      String of =
          totalBytes > 0
              ? String.format(
                  Locale.ROOT,
                  " of %s (%d%%)",
                  Units.bytes(totalBytes),
                  Math.min(100, bytes * 100 / totalBytes))
              : "";
      lines.println(
          task
              + ": "
              + Units.bytes(bytes)
              + of
              + ", "
              + Units.rate(bytes, nowNs - startNs)
              + left(bytes, nowNs - startNs));
      lines.flush();
    }

    /** The time that is left at this rate. */
    private String left(long bytes, long elapsedNs) {
      if (bytes <= 0 || totalBytes <= bytes) {
        return "";
      }
      double perByteNs = (double) elapsedNs / bytes;
      long seconds = TimeUnit.NANOSECONDS.toSeconds((long) (perByteNs * (totalBytes - bytes))) + 1;
      return String.format(Locale.ROOT, ", %d:%02d left", seconds / 60, seconds % 60);
    }

    @Override
    public void close() {}
  }

  private static final class None extends Progress {
    @Override
    public void total(long bytes) {}

    @Override
    public void at(long items, long bytes) {}

    @Override
    public void close() {}
  }
}
