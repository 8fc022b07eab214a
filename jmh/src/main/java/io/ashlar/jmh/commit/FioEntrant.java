package io.ashlar.jmh.commit;

import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Fio;
import io.ashlar.jmh.contest.Round;
import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.peer.RawFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** fio in a cell: a process of its own for each slice, on one file that was written ahead. */
final class FioEntrant extends CommitEntrant {

  /** What a process takes to start and to report, as seen. */
  private static final long OVERHEAD_NS = TimeUnit.MILLISECONDS.toNanos(350);

  private final Fio fio;
  private final Path folder;
  private final Path file;
  private final long fileBytes;
  private final long blockBytes;
  private final int jobs;
  private final List<Fio.Result> slices = new ArrayList<>();

  /** Writes the file ahead for what the cell's batches overwrite. */
  FioEntrant(Fio fio, Path parent, Cell cell) {
    super("limit/fio", Contestant.Kind.LIMIT);
    this.fio = fio;
    folder = Folders.make(parent, "fio-");
    file = folder.resolve("values");
    fileBytes = (long) cell.idCount() * cell.valueBytes();
    blockBytes = cell.batchBytes();
    jobs = cell.threads();
    RawFile.prewritten(file, fileBytes).close();
  }

  @Override
  void slice(SliceThreads threads, long durationNs) {
    slices.add(fio.run(file, fileBytes, blockBytes, jobs, durationNs));
  }

  @Override
  public long overheadNs() {
    return OVERHEAD_NS;
  }

  @Override
  protected Round takeRound() {
    Round round = Fio.round(slices);
    slices.clear();
    return round;
  }

  @Override
  public String note() {
    return fio.version()
        + ", io_uring, O_DIRECT overwrite + fdatasync; percentiles are the write's + the sync's,"
        + " medians of slices";
  }

  @Override
  public void close() {
    Folders.remove(folder);
  }
}
