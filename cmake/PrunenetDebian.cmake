# What Debian wants of a package beside its files: in each, under its own name, who may copy it and what changed; and
# completions for zsh where its packages have them. CPack runs this on what it has installed for packing.
get_filename_component(sources ${CPACK_RESOURCE_FILE_LICENSE} DIRECTORY)
string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC) # SOURCE_DATE_EPOCH, where that is set

function(prunenet_compress text file)
  set(plain ${CMAKE_CURRENT_BINARY_DIR}/prunenet-plain-document)
  file(WRITE ${plain} "${text}")
  file(ARCHIVE_CREATE OUTPUT ${file} PATHS ${plain} FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9)
  file(REMOVE ${plain})
endfunction()

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
  prunenet_compress(
    "${package} (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium

  * Made from the sources by CPack; CHANGELOG.md of package prunenet has the changes.

 -- ${CPACK_PACKAGE_CONTACT}  ${now}
"
    ${documents}/changelog.Debian.gz)
  if(EXISTS ${usr}/share/zsh/site-functions)
    file(RENAME ${usr}/share/zsh/site-functions ${usr}/share/zsh/vendor-completions)
  endif()
  file(REMOVE ${documents}/LICENSE) # the same as in common-licenses
endforeach()
