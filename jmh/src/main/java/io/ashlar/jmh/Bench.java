package io.ashlar.jmh;

import io.ashlar.jmh.commit.BusyScenario;
import io.ashlar.jmh.commit.CommitScenario;
import io.ashlar.jmh.commit.GroupScenario;
import io.ashlar.jmh.commit.IngestScenario;
import io.ashlar.jmh.commit.TailScenario;
import io.ashlar.jmh.contest.Fio;
import io.ashlar.jmh.contest.Pace;
import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.contest.Scenario;
import io.ashlar.jmh.contest.Selection;
import io.ashlar.jmh.heap.HeapScenario;
import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.machine.Machine;
import io.ashlar.jmh.read.ReadScenario;
import io.ashlar.jmh.reopen.ReopenScenario;
import io.ashlar.jmh.report.HtmlReport;
import io.ashlar.jmh.report.Report;
import io.ashlar.jmh.report.Row;
import io.ashlar.jmh.tier.TierScenario;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command behind {@code scripts/bench}. */
@Command(
    name = "scripts/bench",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Measures Ashlar beside its peers and beside the limit of the device.",
    footer = {
      "",
      "Scenarios: commit (W1), group (W2), ingest (W3), read (W4), reopen (W5), heap (W6),"
          + " tier (W7), tail (W8), busy (W9).",
      "W1 to W4: all stores are open at once and take turns in short slices, in shuffled order."
          + " Numbers are medians of rounds, ratios medians of each round's ratio. On a busy"
          + " machine believe the ratios only. fio is measured as a limit where it is installed."
    })
public final class Bench implements Callable<Integer> {

  private static final Map<String, Scenario> SCENARIOS = new LinkedHashMap<>();

  static {
    SCENARIOS.put("commit", new CommitScenario());
    SCENARIOS.put("group", new GroupScenario());
    SCENARIOS.put("tail", new TailScenario());
    SCENARIOS.put("busy", new BusyScenario());
    SCENARIOS.put("ingest", new IngestScenario());
    SCENARIOS.put("read", new ReadScenario());
    SCENARIOS.put("reopen", new ReopenScenario());
    SCENARIOS.put("heap", new HeapScenario());
    SCENARIOS.put("tier", new TierScenario());
  }

  @Parameters(paramLabel = "SCENARIO", arity = "1..*", description = "What to measure.")
  private List<String> scenarios = new ArrayList<>();

  @Option(names = "--quick", description = "Fewer slices: within two minutes a scenario.")
  private boolean quick;

  @Option(
      names = "--csv",
      paramLabel = "FILE",
      description = "Where to write the numbers; the table goes beside it, as .txt.")
  private @Nullable Path csv;

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Where to write a page with charts (beside the CSV file, as .html).")
  private @Nullable Path html;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      defaultValue = "target/bench",
      description = "Where stores lie: on the device to be measured (${DEFAULT-VALUE}).")
  private Path folder = Path.of("target/bench");

  @Option(
      names = "--store",
      paramLabel = "NAME",
      split = ",",
      description = "Measure only these stores, beside the limits.")
  private Set<String> stores = Set.of();

  @Option(
      names = "--cell",
      paramLabel = "NAME",
      split = ",",
      description = "Measure only these cells.")
  private Set<String> cells = Set.of();

  @Option(
      names = "--peers",
      description = "Measure peers in those cells too that leave them out: reopen's large one.")
  private boolean peersEverywhere;

  @Option(names = "--no-fio", description = "Leave fio out of the limits.")
  private boolean withoutFio;

  @Option(names = "--rounds", paramLabel = "N", description = "How many rounds: 3 or more.")
  private @Nullable Integer rounds;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "42",
      description = "Decides values, ids and order (${DEFAULT-VALUE}).")
  private long seed = 42;

  /** Runs the command. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new Bench()).execute(arguments));
  }

  @Override
  public Integer call() {
    for (String name : scenarios) {
      if (!SCENARIOS.containsKey(name)) {
        System.err.println(
            "error: no such scenario: name=" + name + ", scenarios=" + SCENARIOS.keySet());
        return CommandLine.ExitCode.USAGE;
      }
    }
    Path work = Folders.make(folder, "run-");
    Folders.remove(work);
    Optional<Fio> fio = withoutFio ? Optional.empty() : Fio.find(folder);
    Pace pace = quick ? Pace.QUICK : Pace.FULL;
    Plan plan =
        new Plan(
            folder,
            rounds == null ? pace : pace.withRounds(rounds),
            new Selection(stores, cells, peersEverywhere),
            seed,
            fio);
    StringBuilder text = new StringBuilder();
    List<String> machine = new ArrayList<>(Machine.describe(folder));
    fio.ifPresent(found -> machine.add("fio: " + found.version()));
    machine.forEach(line -> text.append(line).append('\n'));
    System.out.print(text);
    List<Row> rows = new ArrayList<>();
    Map<String, String> titles = new LinkedHashMap<>();
    for (String name : scenarios) {
      Scenario scenario = SCENARIOS.get(name);
      if (scenario == null) {
        continue; // checked above
      }
      List<Row> measured = scenario.run(plan);
      if (measured.isEmpty()) {
        System.err.println(
            "error: the scenario has none of the cells asked for: scenario="
                + name
                + ", cells="
                + cells
                + "; leave out --cell to see their names");
        return CommandLine.ExitCode.USAGE;
      }
      String table = scenario.title() + "\n" + Report.table(measured);
      System.out.println("\n" + table);
      text.append('\n').append(table);
      rows.addAll(measured);
      titles.put(name, scenario.title());
    }
    Path file = csv == null ? folder.resolve(String.join("-", scenarios) + ".csv") : csv;
    Report.write(file, Report.csv(rows));
    Report.write(file.resolveSibling(file.getFileName() + ".txt"), text.toString());
    Path page = html == null ? file.resolveSibling(file.getFileName() + ".html") : html;
    Report.write(page, HtmlReport.page(machine, titles, rows));
    System.out.println("written: " + file + ", " + page);
    return CommandLine.ExitCode.OK;
  }
}
