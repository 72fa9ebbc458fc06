# What Debian wants of a package beside its files: in each, under its own name, who may copy it and what changed; and
# completions for zsh and the Python module where its packages have them. CPack runs this on what it has installed for packing.
string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC) # SOURCE_DATE_EPOCH, where that is set

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
Copyright: the prunenet maintainers
License: Apache-2.0
 The text of the licence is in /usr/share/common-licenses/Apache-2.0.
")
  file(
    WRITE ${documents}/changelog.Debian
    "${package} (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium

  * Made by CPack; CHANGELOG.md of package prunenet has the changes.

 -- ${CPACK_PACKAGE_CONTACT}  ${now}
")
  execute_process(COMMAND gzip -9n ${documents}/changelog.Debian COMMAND_ERROR_IS_FATAL ANY)
  if(EXISTS ${usr}/share/zsh/site-functions)
    file(RENAME ${usr}/share/zsh/site-functions ${usr}/share/zsh/vendor-completions)
  endif()
  file(GLOB of_one_version ${usr}/lib/python3.*)
  if(of_one_version) # below /usr all versions of Python look in one place
    file(RENAME ${of_one_version} ${usr}/lib/python3)
  endif()
  file(REMOVE ${documents}/LICENSE) # the same as in common-licenses
endforeach()
