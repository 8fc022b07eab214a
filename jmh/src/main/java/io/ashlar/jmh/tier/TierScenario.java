package io.ashlar.jmh.tier;

import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.contest.Scenario;
import io.ashlar.jmh.result.Row;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How fast are blobs uploaded and restored, and what does reading an evicted one back cost?
 *
 * <p>{@link PassCell} compares uploads with LZ4 alone, and restores with what they cannot beat.
 * {@link ReadBackCell} shows what hedged reads and the disk cache of frames buy, with an object
 * store whose GETs take time.
 */
public final class TierScenario implements Scenario {

  private static final int KIB = 1024;
  private static final long MIB = 1L << 20;

  @Override
  public String title() {
    return "Tier: MB/s of uncompressed bytes. Upload is compared with LZ4 on one core, restore with"
        + " the slower of reading the objects and writing the bytes. Reading back is per blob.";
  }

  @Override
  public List<Row> run(Plan plan) {
    long bytes = (plan.quick() ? 96 : 256) * MIB;
    List<Row> rows = new ArrayList<>();
    for (int blobBytes : new int[] {4 * KIB, 64 * KIB}) {
      for (String place : List.of("disk", "tmpfs")) {
        String cell = blobBytes / KIB + "K " + place;
        Path root = place.equals("disk") ? plan.folder() : Path.of("/dev/shm");
        if (plan.wantsCell(cell) && Files.isWritable(root)) {
          try (TierSample sample = new TierSample(bytes, blobBytes, plan.seed())) {
            rows.addAll(new PassCell(plan, sample, cell, root).run());
          }
        }
      }
    }
    for (ReadBackCell.Question question : ReadBackCell.Question.values()) {
      if (plan.wantsCell(question.cell())) {
        ReadBackCell.Size size = plan.quick() ? ReadBackCell.Size.QUICK : ReadBackCell.Size.FULL;
        rows.addAll(new ReadBackCell(plan, question, size, SlowGets.Delays.OBJECT_STORAGE).run());
      }
    }
    return rows;
  }
}
