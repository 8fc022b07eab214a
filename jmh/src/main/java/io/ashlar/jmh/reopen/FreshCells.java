package io.ashlar.jmh.reopen;

import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.result.Latency;
import io.ashlar.jmh.result.Ratios;
import io.ashlar.jmh.result.Row;
import io.ashlar.jmh.result.Spread;
import io.ashlar.jmh.result.Subject;
import io.ashlar.jmh.result.Throughput;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.ToDoubleFunction;

/**
 * The cells of a JVM that has done nothing before: each store in turn, in shuffled order, with
 * native access and no other option; ours once more with an archive of its classes.
 *
 * <p>Processor time is the whole process's, the JVM's start included, as the kernel counts it.
 */
final class FreshCells {

  /** The cell whose figure is the processor time of open, put, commit, get and close. */
  static final String COMMIT = "first commit fresh";

  /** What the name of a cell ends with whose figure is the time to open a killed store. */
  static final String SUFFIX = " fresh";

  private static final List<Contestant> COMMIT_PEERS =
      List.of(Contestant.ROCKSDB, Contestant.MVSTORE, Contestant.SQLITE);
  private static final List<Contestant> OPEN_PEERS = List.of(Contestant.ROCKSDB, Contestant.SQLITE);
  private static final long FILL_TIMEOUT_S = 1800;
  private static final long TIMEOUT_S = 120;

  private final Plan plan;
  private final Path folder;

  /** Creates them; {@code folder} is theirs, and is removed by the caller. */
  FreshCells(Plan plan, Path folder) {
    this.plan = plan;
    this.folder = folder;
  }

  /** Measures the first commit. */
  List<Row> commits() {
    Map<FreshJvm, List<FreshJvm.Sample>> samples = new LinkedHashMap<>();
    for (FreshJvm jvm : jvms(COMMIT_PEERS)) {
      samples.put(jvm, new ArrayList<>());
    }
    inRounds(
        samples,
        jvm -> {
          Path store = Folders.make(folder, "commit-");
          try {
            return jvm.commit(store, TIMEOUT_S);
          } finally {
            Folders.remove(store);
          }
        });
    return rows(COMMIT, samples, FreshJvm.Sample::cpuMs);
  }

  /** Fills stores with {@code count} blobs, kills them, and measures how soon they are open. */
  List<Row> opens(String size, int count) {
    Map<FreshJvm, List<FreshJvm.Sample>> samples = new LinkedHashMap<>();
    Map<Contestant, ReopenedStore> stores = new LinkedHashMap<>();
    for (FreshJvm jvm : jvms(OPEN_PEERS)) {
      samples.put(jvm, new ArrayList<>());
      if (!stores.containsKey(jvm.contestant())) {
        ReopenedStore store = new ReopenedStore(jvm.contestant(), folder, count, plan.seed());
        stores.put(jvm.contestant(), store);
        store.fill(FILL_TIMEOUT_S);
      }
    }
    inRounds(
        samples,
        jvm -> {
          ReopenedStore store = stores.get(jvm.contestant());
          if (store == null) {
            throw new IllegalStateException("no store was filled: contestant=" + jvm.label());
          }
          return jvm.open(store.folder(), count, TIMEOUT_S);
        });
    return rows(size + SUFFIX, samples, FreshJvm.Sample::ms);
  }

  /** One run of a child. */
  @FunctionalInterface
  private interface Run {
    FreshJvm.Sample of(FreshJvm jvm);
  }

  private void inRounds(Map<FreshJvm, List<FreshJvm.Sample>> samples, Run run) {
    Random random = new Random(plan.seed());
    List<FreshJvm> order = new ArrayList<>(samples.keySet());
    for (int round = 0; round < plan.rounds(); round++) {
      Collections.shuffle(order, random);
      for (FreshJvm jvm : order) {
        samples.getOrDefault(jvm, List.of()).add(run.of(jvm));
      }
    }
  }

  private List<FreshJvm> jvms(List<Contestant> peers) {
    List<FreshJvm> jvms = new ArrayList<>();
    if (plan.wants(Contestant.ASHLAR)) {
      FreshJvm ours = jvm(Contestant.ASHLAR);
      jvms.add(ours);
      jvms.add(ClassArchive.over(ours, folder));
    }
    for (Contestant peer : peers) {
      if (plan.wants(peer)) {
        jvms.add(jvm(peer));
      }
    }
    return jvms;
  }

  private FreshJvm jvm(Contestant contestant) {
    return new FreshJvm(
        contestant.label(), contestant, ContestantJar.make(contestant, folder), List.of());
  }

  private static List<Row> rows(
      String cell,
      Map<FreshJvm, List<FreshJvm.Sample>> samples,
      ToDoubleFunction<FreshJvm.Sample> figure) {
    double bestPeer = Double.NaN;
    for (Map.Entry<FreshJvm, List<FreshJvm.Sample>> each : samples.entrySet()) {
      if (each.getKey().contestant().kind() == Contestant.Kind.PEER) {
        double median = Spread.median(values(each.getValue(), figure));
        bestPeer = Double.isNaN(bestPeer) ? median : Math.min(bestPeer, median);
      }
    }
    List<Row> rows = new ArrayList<>();
    for (Map.Entry<FreshJvm, List<FreshJvm.Sample>> each : samples.entrySet()) {
      List<FreshJvm.Sample> taken = each.getValue();
      Spread ms = Spread.of(values(taken, figure));
      String note =
          String.format(
              Locale.ROOT,
              "%d fresh JVMs; processor time of the process %.0f ms; %s %.0f ms; no option but"
                  + " native access and a heap of 512 MiB%s",
              taken.size(),
              Spread.median(values(taken, FreshJvm.Sample::cpuMs)),
              cell.equals(COMMIT) ? "from open to closed" : "open",
              Spread.median(values(taken, FreshJvm.Sample::ms)),
              each.getKey().options().isEmpty() ? "" : ", and the archive");
      rows.add(
          new Row(
              new Subject("reopen", each.getKey().label(), cell),
              new Throughput(Spread.of(perSecond(taken, figure)), Double.NaN),
              Latency.median(ms.times(1e3)),
              new Ratios(Spread.NONE, Spread.exactly(bestPeer / ms.median())),
              Double.NaN,
              note));
    }
    return rows;
  }

  private static double[] values(
      List<FreshJvm.Sample> samples, ToDoubleFunction<FreshJvm.Sample> figure) {
    return samples.stream().mapToDouble(figure).toArray();
  }

  private static double[] perSecond(
      List<FreshJvm.Sample> samples, ToDoubleFunction<FreshJvm.Sample> figure) {
    return samples.stream().mapToDouble(each -> 1e3 / figure.applyAsDouble(each)).toArray();
  }
}
