package io.ashlar.jmh;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Imports in the benchmarks flow one way, from the top of {@link #LEVELS} to the bottom. The
 * packages of one level do not know each other.
 */
@Tag("campaign")
class BenchImportsTest {

  private static final String ROOT = "io.ashlar.jmh";

  /** The packages below {@link #ROOT}, which is above them all. */
  private static final List<Set<String>> LEVELS =
      List.of(
          Set.of("heap", "overhead"),
          Set.of("commit", "read", "reopen", "tier"),
          Set.of("contest", "micro", "report"),
          Set.of("machine", "peer", "chart"),
          Set.of("result"));

  private static final String[] PUBLIC_API = {
    "io.ashlar.uring",
    "io.ashlar.store",
    "io.ashlar.store.local",
    "io.ashlar.tier",
    "io.ashlar.tier.object",
    "io.ashlar.tier.restore"
  };

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption(location -> !location.contains("jmh_generated"))
          .importPackages(ROOT);

  private static String name(String subpackage) {
    return ROOT + "." + subpackage;
  }

  @Test
  void shouldFlowOneWay() {
    Set<String> above = new TreeSet<>(Set.of(ROOT));
    for (Set<String> level : LEVELS) {
      level.stream().map(BenchImportsTest::name).forEach(above::add);
      for (String subpackage : level) {
        String name = name(subpackage);
        String[] others = above.stream().filter(each -> !each.equals(name)).toArray(String[]::new);
        noClasses()
            .that()
            .resideInAPackage(name)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(others)
            .check(CLASSES);
      }
    }
  }

  @Test
  void shouldKnowEveryPackage() {
    Set<String> known = new TreeSet<>(Set.of(ROOT));
    LEVELS.forEach(level -> level.stream().map(BenchImportsTest::name).forEach(known::add));
    Set<String> there = new TreeSet<>();
    CLASSES.forEach(each -> there.add(each.getPackageName()));
    assertThat(there).isEqualTo(known);
  }

  @Test
  void shouldUseWhatUsersOfTheStoreCanUse() {
    noClasses()
        .that()
        .resideInAPackage(ROOT + "..")
        .should()
        .dependOnClassesThat(
            resideInAPackage("io.ashlar..")
                .and(not(resideInAPackage(ROOT + "..")))
                .and(not(resideInAnyPackage(PUBLIC_API))))
        .check(CLASSES);
  }
}
