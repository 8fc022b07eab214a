package io.ashlar.store;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuarantee;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.StressOptions;

/**
 * How far Lincheck looks: a bounded number of scenarios and of runs of each, {@code
 * -Dlincheck.scale} times as many for a campaign. Its scenarios come from a fixed seed.
 */
public final class Interleavings {

  /** A system property: {@code false} when it is known that there is something to be found. */
  public static final String MINIMIZE = "lincheck.minimize";

  private static final double SCALE =
      Double.parseDouble(
          System.getProperty("lincheck.scale", System.getProperty("test.scale", "1")));

  private Interleavings() {}

  /**
   * Explores interleavings one by one: two threads of {@code operations} each, after two operations
   * of one.
   */
  public static ModelCheckingOptions explore(int operations, int scenarios, int runs) {
    ModelCheckingOptions options = new ModelCheckingOptions();
    return options
        .loopBound(5_000) // a bucket has 2,048 slots
        .minimizeFailedScenario(isMinimized())
        .iterations(scaled(scenarios))
        .invocationsPerIteration(runs)
        .threads(2)
        .actorsBefore(2)
        .actorsPerThread(operations)
        .actorsAfter(1);
  }

  /** Lets three threads run into each other on the processor, whatever it reorders. */
  public static StressOptions collide(int scenarios, int runs) {
    StressOptions options = new StressOptions();
    return options
        .minimizeFailedScenario(isMinimized())
        .iterations(scaled(scenarios))
        .invocationsPerIteration(runs)
        .threads(3)
        .actorsBefore(2)
        .actorsPerThread(3)
        .actorsAfter(1);
  }

  /** Returns the scaled number of scenarios: 0 stays 0, others are 1 at least. */
  private static int scaled(int scenarios) {
    return scenarios == 0 ? 0 : (int) Math.max(1, Math.round(scenarios * SCALE));
  }

  private static boolean isMinimized() {
    return Boolean.parseBoolean(System.getProperty(MINIMIZE, "true"));
  }

  /** Returns a scenario of two threads, one of whose operations {@link #call} describes. */
  public static ExecutionScenario scenario(
      List<Actor> before, List<Actor> first, List<Actor> second, List<Actor> after) {
    return new ExecutionScenario(before, List.of(first, second), after, null);
  }

  /** Returns a call of the only method of that name. */
  public static Actor call(Class<?> subject, String method, Object... arguments) {
    for (Method candidate : subject.getMethods()) {
      if (candidate.getName().equals(method)) {
        return new Actor(candidate, Arrays.asList(arguments));
      }
    }
    throw new IllegalArgumentException("no such operation: " + method);
  }

  /** Returns classes whose objects no two threads share, so that no switch within is tried. */
  public static ManagedStrategyGuarantee unshared(String... classes) {
    return ManagedStrategyGuaranteeKt.forClasses(classes).allMethods().ignore();
  }
}
