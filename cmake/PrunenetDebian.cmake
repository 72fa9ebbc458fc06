# What Debian wants of a package beside its files: in each, under its own name, who may copy it and what changed, and
# which of lintian's remarks do not apply, with the reason; and changes, completions for zsh and the Python module where
# its packages have them. CPack runs this on what it has installed for packing.
string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC) # SOURCE_DATE_EPOCH, where that is set

set(every_overrides "# These are packages of nobody's archive, so there is no bug that asks for them.
initial-upload-closes-no-bugs
")
set(message_overrides "# A message of libtorch's, from its headers.
spelling-error-in-binary informations information *
")
set(runtime_overrides "${message_overrides}")
set(library_overrides "${message_overrides}# CPack calls ldconfig from scripts of its own; the trigger is there as well.
maintscript-calls-ldconfig
# Before 1.0 each minor version has a name of its own (docs/library.md), and shlibs says which.
no-symbols-control-file *
")
set(development_overrides "")

foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER ${component} COMPONENT)
  set(package ${CPACK_DEBIAN_${COMPONENT}_PACKAGE_NAME})
  set(usr ${CPACK_TEMPORARY_DIRECTORY}/${component}${CPACK_PACKAGING_INSTALL_PREFIX})
  set(documents ${usr}/share/doc/${package})
  file(
    WRITE ${documents}/copyright
    "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: prunenet

Files: *
Copyright: 2026 the prunenet developers
License: Apache-2.0
 The text of the licence is in /usr/share/common-licenses/Apache-2.0.
")
  file(
    WRITE ${documents}/changelog.Debian
    "${package} (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium

  * Made by CPack; changelog.gz of package prunenet has the changes.

 -- ${CPACK_PACKAGE_CONTACT}  ${now}
")
  set(changes ${documents}/changelog.Debian)
  if(EXISTS ${documents}/CHANGELOG.md)
    file(RENAME ${documents}/CHANGELOG.md ${documents}/changelog)
    list(APPEND changes ${documents}/changelog)
  endif()
  execute_process(COMMAND gzip -9n ${changes} COMMAND_ERROR_IS_FATAL ANY)
  file(WRITE ${usr}/share/lintian/overrides/${package} "${every_overrides}${${component}_overrides}")
  if(EXISTS ${usr}/share/zsh/site-functions)
    file(RENAME ${usr}/share/zsh/site-functions ${usr}/share/zsh/vendor-completions)
  endif()
  file(GLOB of_one_version ${usr}/lib/python3.*)
  if(of_one_version) # below /usr all versions of Python look in one place
    file(RENAME ${of_one_version} ${usr}/lib/python3)
  endif()
  file(REMOVE ${documents}/LICENSE) # the same as in common-licenses
endforeach()
