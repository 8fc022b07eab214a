package io.ashlar.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ashlar.store.BlobStore;
import io.ashlar.tier.Tier;
import io.ashlar.uring.NativeMemory;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/** What is published carries what it must, and the workflows call scripts that exist. */
class ReleaseTest {
  private static final Path ROOT =
      Path.of(System.getProperty("ashlar.basedir")).resolve("../..").normalize();
  private static final Path WORKFLOWS = ROOT.resolve(".github/workflows");
  private static final Pattern RUN = Pattern.compile("(?m)^\\s*- run: (.*)$");
  private static final Pattern LIST_ITEM = Pattern.compile("(?m)^ {10}- (\\w+)$");
  private static final Pattern CAMPAIGN = Pattern.compile("(?m)^ {6}(\\w+)\\)");

  private static Document pom(String path) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
    return factory.newDocumentBuilder().parse(ROOT.resolve(path).toFile());
  }

  /** Returns the text of each element {@code name} directly below {@code parent}. */
  private static List<String> texts(Node parent, String name) {
    List<String> texts = new ArrayList<>();
    NodeList children = parent.getChildNodes();
    for (int i = 0; i < children.getLength(); i++) {
      if (children.item(i) instanceof Element element && element.getTagName().equals(name)) {
        texts.add(element.getTextContent().strip());
      }
    }
    return texts;
  }

  private static String text(Node parent, String name) {
    List<String> texts = texts(parent, name);
    assertThat(texts).as(name).hasSize(1);
    return texts.getFirst();
  }

  private static List<Path> workflows() throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(WORKFLOWS, "*.yml")) {
      List<Path> found = new ArrayList<>();
      files.forEach(found::add);
      return found;
    }
  }

  private static List<String> matches(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    return matcher.results().map(found -> found.group(1)).toList();
  }

  /** Returns what is wrong with a command of a workflow. */
  private static List<String> findings(String command) {
    if (command.startsWith("apt-get ") || command.startsWith("git config ")) {
      return List.of();
    }
    if (!command.startsWith("scripts/")) {
      return List.of("not a script: " + command);
    }
    Path script = ROOT.resolve(command.split(" ", 2)[0]);
    return Files.isExecutable(script) ? List.of() : List.of("no such script: " + command);
  }

  private static byte[] entry(JarFile jar, String name) throws IOException {
    JarEntry entry = jar.getJarEntry(name);
    assertThat(entry).as("%s in %s", name, jar.getName()).isNotNull();
    try (InputStream in = jar.getInputStream(entry)) {
      return in.readAllBytes();
    }
  }

  @Test
  void shouldCarryLicenceAndNoticeInEveryJar() throws IOException, URISyntaxException {
    for (Class<?> type : List.of(NativeMemory.class, BlobStore.class, Tier.class)) {
      Path place = Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
      assumeTrue(Files.isRegularFile(place), "no jars yet; the whole scripts/test makes them");
      try (JarFile jar = new JarFile(place.toFile())) {
        for (String name : List.of("LICENSE", "NOTICE")) {
          assertThat(entry(jar, "META-INF/" + name))
              .as("%s of %s", name, place)
              .isEqualTo(Files.readAllBytes(ROOT.resolve(name)));
        }
      }
    }
  }

  @Test
  void shouldNameEveryPublishedArtifactInTheBom() throws Exception {
    Document parent = pom("pom.xml");
    Document bom = pom("store-core/bom/pom.xml");
    Set<String> published = new TreeSet<>();
    NodeList modules = parent.getElementsByTagName("module");
    for (int i = 0; i < modules.getLength(); i++) {
      Document module = pom(modules.item(i).getTextContent() + "/pom.xml");
      boolean kept = module.getElementsByTagName("maven.deploy.skip").getLength() > 0;
      if (!kept && module.getElementsByTagName("packaging").getLength() == 0) {
        published.add(text(module.getDocumentElement(), "artifactId"));
      }
    }
    Set<String> named = new TreeSet<>();
    NodeList dependencies = bom.getElementsByTagName("dependency");
    for (int i = 0; i < dependencies.getLength(); i++) {
      named.add(text(dependencies.item(i), "artifactId"));
      assertThat(text(dependencies.item(i), "version")).isEqualTo("${project.version}");
    }
    assertThat(named).isEqualTo(published).hasSize(4);
    assertThat(text(bom.getDocumentElement(), "version"))
        .isEqualTo(text(parent.getDocumentElement(), "version"));
  }

  @Test
  void shouldCallScriptsOnlyFromWorkflows() throws IOException {
    List<Path> workflows = workflows();
    assertThat(workflows).hasSize(3);
    for (Path workflow : workflows) {
      List<String> commands = matches(RUN, Files.readString(workflow));
      assertThat(commands).as("%s", workflow).anyMatch(command -> command.startsWith("scripts/"));
      assertThat(commands).allSatisfy(command -> assertThat(findings(command)).isEmpty());
    }
    assertThat(findings("mvn verify")).isNotEmpty();
    assertThat(findings("scripts/gone --fast")).isNotEmpty();
  }

  @Test
  void shouldSoakEveryCampaignEachNight() throws IOException {
    Set<String> campaigns =
        matches(CAMPAIGN, Files.readString(ROOT.resolve("scripts/soak"))).stream()
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(campaigns).hasSizeGreaterThan(10);
    assertThat(matches(LIST_ITEM, Files.readString(WORKFLOWS.resolve("soak.yml"))))
        .containsExactlyInAnyOrderElementsOf(campaigns);
  }
}
