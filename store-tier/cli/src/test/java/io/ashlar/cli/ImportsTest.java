package io.ashlar.cli;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.ObjectInputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the command line may use of the libraries that it is made of. */
@Tag("campaign")
class ImportsTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.ashlar.cli");

  @Test
  void shouldFlowOneWay() {
    List<String> above = new ArrayList<>(List.of("io.ashlar.cli"));
    for (String name : List.of("demo", "command", "console", "file")) {
      noClasses()
          .that()
          .resideInAPackage("io.ashlar.cli." + name)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(above.toArray(String[]::new))
          .check(CLASSES);
      above.add("io.ashlar.cli." + name);
    }
  }

  @Test
  void shouldLeaveLoggingAndStorageClientsToTheTier() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "software.amazon..",
            "org.slf4j..",
            "io.ashlar.tier.object.s3..",
            "io.ashlar.tier.object.directory..")
        .check(CLASSES);
  }

  @Test
  void shouldDeserialiseNoJavaObjects() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .areAssignableTo(ObjectInputStream.class)
        .orShould()
        .callMethodWhere(
            target(nameMatching("activateDefaultTyping|enableDefaultTyping|readObject")))
        .check(CLASSES);
  }
}
