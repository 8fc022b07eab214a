package io.ashlar.store.local;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.ashlar.store.spi.Log;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Which package may use which: one way, and {@code native/} only where memory or a device is
 * touched.
 *
 * <pre>
 *   local ──▶ {commit ──▶ vacuum, read, recover} ──▶ {checkpoint, snapshot} ──▶ space ──▶ index ──▶ {disk, format} ──▶ {spi, metrics} ──▶ store ──▶ settings
 *   {commit, read} ──▶ agent ──▶ disk          {local, recover, vacuum, checkpoint, snapshot, space} ──▶ background ──▶ {spi, metrics}
 *   commit ──▶ commit.role ──▶ commit.group ──▶ commit.epoch          read ──▶ read.cache
 *                                 all but metrics, format and the public API ──▶ io.ashlar.uring
 * </pre>
 */
@Tag("campaign")
class ImportRulesTest {

  private static final String STORE = "io.ashlar.store";
  private static final String URING = "io.ashlar.uring";
  private static final List<String> JDK = List.of("java..", "org.jspecify.annotations..");

  /** The native fence's plain types: buffers, sources of a gathered write, its one exception. */
  private static final List<String> FENCE_VALUES =
      List.of("NativeMemory", "TouchAhead", "IoVectors", "NativeException", "Errno", "ThreadClock");

  /** Package to what it may use besides itself and the JDK. */
  private static final Map<String, List<String>> MAY_USE =
      Map.ofEntries(
          Map.entry("settings", List.of()),
          Map.entry("store", List.of("settings", "agrona")),
          Map.entry("spi", List.of("store", "uring")),
          Map.entry("metrics", List.of("store")),
          Map.entry("background", List.of("store", "spi", "metrics")),
          Map.entry("format", List.of("store", "spi")),
          Map.entry("disk", List.of("store", "spi", "metrics", "uring")),
          Map.entry("agent", List.of("store", "spi", "disk", "agrona")),
          Map.entry(
              "space",
              List.of("store", "spi", "metrics", "background", "format", "disk", "index", "uring")),
          Map.entry("index", List.of("store", "metrics", "format", "uring")),
          Map.entry(
              "checkpoint",
              List.of(
                  "store",
                  "spi",
                  "metrics",
                  "background",
                  "format",
                  "disk",
                  "space",
                  "index",
                  "uring")),
          Map.entry(
              "snapshot",
              List.of("store", "spi", "background", "format", "disk", "space", "index")),
          Map.entry(
              "vacuum",
              List.of(
                  "settings",
                  "store",
                  "spi",
                  "metrics",
                  "background",
                  "format",
                  "disk",
                  "space",
                  "index",
                  "checkpoint",
                  "uring")),
          Map.entry(
              "commit.epoch",
              List.of("store", "spi", "format", "disk", "index", "vacuum", "uring", "jctools")),
          Map.entry(
              "commit.group",
              List.of(
                  "store",
                  "spi",
                  "metrics",
                  "format",
                  "disk",
                  "space",
                  "index",
                  "checkpoint",
                  "commit.epoch",
                  "uring")),
          Map.entry(
              "commit.role",
              List.of(
                  "store",
                  "spi",
                  "metrics",
                  "format",
                  "disk",
                  "agent",
                  "commit.epoch",
                  "commit.group",
                  "agrona",
                  "uring")),
          Map.entry(
              "commit",
              List.of(
                  "store",
                  "spi",
                  "metrics",
                  "format",
                  "disk",
                  "space",
                  "checkpoint",
                  "vacuum",
                  "agent",
                  "commit.epoch",
                  "commit.group",
                  "commit.role",
                  "uring",
                  "jctools")),
          Map.entry("read.cache", List.of("store", "format", "disk", "index", "uring", "caffeine")),
          Map.entry(
              "read",
              List.of(
                  "store",
                  "spi",
                  "metrics",
                  "format",
                  "disk",
                  "index",
                  "agent",
                  "read.cache",
                  "agrona",
                  "uring",
                  "jctools")),
          Map.entry(
              "recover",
              List.of(
                  "store",
                  "spi",
                  "metrics",
                  "background",
                  "format",
                  "disk",
                  "space",
                  "index",
                  "checkpoint",
                  "uring")),
          Map.entry(
              "local",
              List.of(
                  "store",
                  "spi",
                  "metrics",
                  "background",
                  "format",
                  "disk",
                  "space",
                  "index",
                  "checkpoint",
                  "snapshot",
                  "vacuum",
                  "agent",
                  "agrona",
                  "commit",
                  "read",
                  "read.cache",
                  "recover",
                  "uring")));

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.ashlar");

  private static String packageOf(String shortName) {
    return switch (shortName) {
      case "store" -> STORE;
      case "uring" -> URING;
      case "jctools" -> "org.jctools.queues..";
      case "agrona" -> "org.agrona..";
      case "caffeine" -> "com.github.benmanes.caffeine.cache..";
      default -> STORE + "." + shortName;
    };
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "store",
        "spi",
        "metrics",
        "background",
        "format",
        "disk",
        "agent",
        "space",
        "index",
        "checkpoint",
        "snapshot",
        "vacuum",
        "commit.epoch",
        "commit.group",
        "commit.role",
        "commit",
        "read.cache",
        "read",
        "recover",
        "local"
      })
  void shouldImportOneWayOnly(String shortName) {
    List<String> allowed = new ArrayList<>(JDK);
    allowed.add(packageOf(shortName));
    MAY_USE.getOrDefault(shortName, List.of()).forEach(other -> allowed.add(packageOf(other)));
    classes()
        .that()
        .resideInAPackage(packageOf(shortName))
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(allowed.toArray(new String[0]))
        .check(CLASSES);
  }

  @Test
  void shouldPlaceEveryPackageInTheOrder() {
    classes()
        .that()
        .resideInAPackage(STORE + "..")
        .should()
        .resideInAnyPackage(
            MAY_USE.keySet().stream().map(ImportRulesTest::packageOf).toArray(String[]::new))
        .check(CLASSES);
  }

  @Test
  void shouldDriveTheDeviceInDiskOnly() {
    // The others see native memory, gathered sources and failures; who opens the store also names
    // the mode in which the file is opened. Rings, descriptors and locks are the disk's.
    noClasses()
        .that()
        .resideInAPackage(STORE + "..")
        .and()
        .resideOutsideOfPackages(STORE + ".disk", STORE + ".local")
        .should()
        .dependOnClassesThat(fenceBut(FENCE_VALUES))
        .check(CLASSES);
    List<String> forLocal = new ArrayList<>(FENCE_VALUES);
    forLocal.add("NativeFile$Mode");
    noClasses()
        .that()
        .resideInAPackage(STORE + ".local")
        .should()
        .dependOnClassesThat(fenceBut(forLocal))
        .check(CLASSES);
  }

  private static DescribedPredicate<JavaClass> fenceBut(List<String> simpleNames) {
    return DescribedPredicate.describe(
        "are of the native fence and not one of " + simpleNames,
        type -> {
          JavaClass base = type.getBaseComponentType();
          String packageName = base.getPackageName();
          return packageName.startsWith(URING)
              && !simpleNames.contains(base.getName().substring(packageName.length() + 1));
        });
  }

  /** Agrona's buffers and queues need a JVM flag that no embedder is to set. */
  @Test
  void shouldUseOfAgronaOnlyWhatNeedsNoFlag() {
    List<String> plain =
        List.of(
            "Agent",
            "AgentInvoker",
            "AgentRunner",
            "AgentTerminationException",
            "IdleStrategy",
            "ErrorHandler",
            "AtomicCounter"); // null, as the counter of a runner
    noClasses()
        .that()
        .resideInAPackage(STORE + "..")
        .should()
        .dependOnClassesThat(
            DescribedPredicate.describe(
                "are of Agrona and not one of " + plain,
                type ->
                    type.getBaseComponentType().getPackageName().startsWith("org.agrona")
                        && !plain.contains(type.getBaseComponentType().getSimpleName())))
        .check(CLASSES);
  }

  @Test
  void shouldKnowNothingOfTheStoreInNative() {
    noClasses()
        .that()
        .resideInAPackage(URING + "..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(STORE + "..")
        .check(CLASSES);
  }

  @Test
  void shouldHaveNoCyclesBetweenPackages() {
    slices().matching("io.ashlar.(**)").should().beFreeOfCycles().check(storeOnly());
  }

  /** Without the generated bindings, which their generator lays out. */
  private static JavaClasses storeOnly() {
    return CLASSES.that(resideInAPackage(STORE + ".."));
  }

  @Test
  void shouldCallNativeCodeInNativeOnly() {
    noClasses()
        .that()
        .resideOutsideOfPackage(URING + "..")
        .should()
        .dependOnClassesThat()
        .areAssignableTo(Linker.class)
        .orShould()
        .dependOnClassesThat()
        .areAssignableTo(SymbolLookup.class)
        .orShould()
        .callMethodWhere(
            target(name("reinterpret")).and(target(owner(assignableTo(MemorySegment.class)))))
        .orShould()
        .callMethod(System.class, "load", String.class)
        .orShould()
        .callMethod(System.class, "loadLibrary", String.class)
        .check(CLASSES);
  }

  /** A logger is the application's: what it throws must not reach the store (see Log). */
  @Test
  void shouldLogInOnePlaceOnly() {
    noClasses()
        .that()
        .resideInAPackage(STORE + "..")
        .and()
        .doNotBelongToAnyOf(Log.class)
        .should()
        .callMethod(System.class, "getLogger", String.class)
        .check(CLASSES);
  }

  @Test
  void shouldLeaveNothingWithThreadsThatOutliveTheStore() {
    // The values of these are of classes of the JDK, or referred to weakly: see RedeployTest.
    noClasses()
        .that()
        .doNotHaveSimpleName("LibcCalls")
        .and()
        .doNotHaveSimpleName("Checksum")
        .and()
        .doNotHaveSimpleName("ThreadContexts")
        .should()
        .dependOnClassesThat()
        .areAssignableTo(ThreadLocal.class)
        .check(CLASSES);
  }

  @Test
  void shouldNeverDeserializeObjects() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .areAssignableTo(ObjectInputStream.class)
        .orShould()
        .dependOnClassesThat()
        .areAssignableTo(ObjectOutputStream.class)
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.beans.XMLDecoder")
        .check(CLASSES);
  }
}
